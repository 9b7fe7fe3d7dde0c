import { z } from "zod";
import { bytesParam, rateParam } from "../../model/params.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { FlowUsage } from "../../model/usage.ts";
import {
  type StorageTier,
  tierOf,
  tierSeconds,
  type TierWork,
  unlimitedTier,
} from "../shared/storage_tier.ts";

/**
 * Who writes a checkpoint: each rank its own shard (sharded), each rank all it holds, replicas included
 * (per-rank), or one writer that gathers everything (aggregated).
 */
export const PATTERNS = ["sharded", "per-rank", "aggregated"] as const;

/** Parameters of the way from GPU memory to the checkpoint store and back. */
export const PATH_PARAMS = {
  pattern: z.enum(PATTERNS).default("sharded")
    .describe(
      "sharded: every rank its shard; per-rank: every rank all it holds; aggregated: one file",
    ),
  dataParallel: z.number().int().positive().default(1)
    .describe("replicas of the state: per-rank writes and readers=all move each of them"),
  readers: z.enum(["one", "all"]).default("one")
    .describe("one: a replica reads and broadcasts (MegaScale); all: every replica reads"),
  writeBandwidth: rateParam().default(0).describe(
    "write bandwidth of the checkpoint store for the job; the hardware's remote store when not given",
  ),
  readBandwidth: rateParam().default(0).describe(
    "read bandwidth of the checkpoint store for the job; the hardware's remote store when not given",
  ),
  storeOperations: z.number().positive().nullable().default(null).describe(
    "reads, and writes, a second of the checkpoint store; the hardware's when not given, else no limit",
  ),
  storeMetadata: z.number().positive().nullable().default(null).describe(
    "files a second that the checkpoint store makes or opens; the hardware's when not given, else no limit",
  ),
  requestBytes: bytesParam().nullable().default(null)
    .describe("largest single read or write of the store; a file goes in one when not given"),
  nodeNic: rateParam().default(0)
    .describe("network bandwidth of a node, one direction; the hardware's when not given"),
  gpuPcie: rateParam().default(0)
    .describe("bandwidth from a GPU to its host; the hardware's when not given"),
} as const;

const pathSchema = z.strictObject(PATH_PARAMS);
export type PathParams = z.infer<typeof pathSchema>;

/** The store of checkpoints as the job sees it. A bandwidth of 0 is one that nobody knows. */
function storeTier(p: PathParams, hardware: HardwareProfile | null): StorageTier {
  const remote = hardware?.remote ?? null;
  const known = remote === null
    ? { ...unlimitedTier("remote"), readBytesPerSecond: 0, writeBytesPerSecond: 0 }
    : tierOf("remote", remote);
  return {
    ...known,
    readBytesPerSecond: p.readBandwidth || known.readBytesPerSecond,
    writeBytesPerSecond: p.writeBandwidth || known.writeBytesPerSecond,
    readsPerSecond: p.storeOperations ?? known.readsPerSecond,
    writesPerSecond: p.storeOperations ?? known.writesPerSecond,
    metadataPerSecond: p.storeMetadata ?? known.metadataPerSecond,
  };
}

/** The way to the store with what the user left open from the hardware profile. */
export function withHardwarePath<P extends PathParams>(
  p: P,
  hardware: HardwareProfile | null,
): P & { readonly store: StorageTier } {
  const links = hardware?.links;
  return {
    ...p,
    nodeNic: p.nodeNic || (links?.nic?.value ?? 0),
    gpuPcie: p.gpuPcie || (links?.deviceToHost?.value ?? 0),
    store: storeTier(p, hardware),
  };
}

/** All drives of one node as one tier; their bandwidth is `fallback` where no profile describes them. */
export function nodeDrives(hardware: HardwareProfile | null, fallback: number): StorageTier {
  const drives = (hardware?.ssds ?? []).map((drive) => tierOf("ssd", drive));
  if (drives.length === 0) return { ...unlimitedTier("ssd"), writeBytesPerSecond: fallback };
  const sum = (pick: (tier: StorageTier) => number) =>
    drives.reduce((total, tier) => total + pick(tier), 0);
  return {
    ...drives[0],
    readBytesPerSecond: sum((d) => d.readBytesPerSecond),
    writeBytesPerSecond: sum((d) => d.writeBytesPerSecond),
    readsPerSecond: sum((d) => d.readsPerSecond),
    writesPerSecond: sum((d) => d.writesPerSecond),
    metadataPerSecond: sum((d) => d.metadataPerSecond),
    capacityBytes: sum((d) => d.capacityBytes),
  };
}

/** What one save or one load moves, and how long it takes alone. */
export interface PathCost {
  /** What the store has to do: bytes, reads or writes, and files to make or open. */
  readonly work: TierWork;
  readonly networkBytes: number;
  readonly pcieBytes: number;
  /** Slowest part of the way; null while the size or the store's bandwidth is unknown. */
  readonly seconds: number | null;
}

type PathJob = PathParams & {
  readonly store: StorageTier;
  readonly bytes: number;
  readonly gpus: number;
  readonly gpusPerNode: number;
};

/** `bytes` in so many files of one size. */
function filesWork(p: PathJob, bytes: number, files: number): TierWork {
  const each = p.requestBytes === null ? 1 : Math.max(1, Math.ceil(bytes / files / p.requestBytes));
  return { bytes, requests: files * each, metadata: files };
}

/** max over the store, the network and PCIe (reference 3.1); links of unknown bandwidth do not count. */
function slowest(
  store: number,
  ...links: readonly (readonly [bytes: number, rate: number])[]
): number | null {
  if (!Number.isFinite(store)) return null;
  return links.reduce(
    (most, [bytes, rate]) => rate > 0 ? Math.max(most, bytes / rate) : most,
    store,
  );
}

/** A save of the whole state of `bytes`. */
export function saveCost(p: PathJob): PathCost {
  const nodes = Math.max(1, Math.ceil(p.gpus / p.gpusPerNode));
  const one = p.pattern === "aggregated";
  const moved = p.pattern === "per-rank" ? p.bytes * p.dataParallel : p.bytes;
  const work = filesWork(p, moved, one ? 1 : p.gpus);
  return {
    work,
    // The gathering writer also takes in what the other nodes hold.
    networkBytes: one ? moved * (2 - 1 / nodes) : moved,
    pcieBytes: moved,
    seconds: p.bytes <= 0 ? null : slowest(
      tierSeconds(p.store, work, "write"),
      [moved, one ? p.nodeNic : nodes * p.nodeNic],
      [moved, p.gpus * p.gpuPcie],
    ),
  };
}

/** A load of the whole state into every replica. */
export function loadCost(p: PathJob): PathCost {
  const nodes = Math.max(1, Math.ceil(p.gpus / p.gpusPerNode));
  const all = p.bytes * p.dataParallel;
  const read = p.readers === "all" ? all : p.bytes;
  const one = p.pattern === "aggregated";
  const work = filesWork(p, read, one ? (p.readers === "all" ? p.dataParallel : 1) : p.gpus);
  return {
    work,
    networkBytes: all,
    pcieBytes: all,
    seconds: p.bytes <= 0 ? null : slowest(
      tierSeconds(p.store, work),
      [all, nodes * p.nodeNic],
      [all, p.gpus * p.gpuPcie],
    ),
  };
}

/** A flow of `bytes` in `requests` operations. */
export function flow(
  tier: FlowUsage["tier"],
  direction: FlowUsage["direction"],
  bytes: number,
  requests: number,
): FlowUsage {
  return { tier, direction, bytes, requests };
}

/** Flows of so many saves through host memory to a tier. */
export function saveFlows(
  p: PathJob,
  saves: number,
  tier: FlowUsage["tier"] = "remote",
): FlowUsage[] {
  const { bytes, requests } = saveCost(p).work;
  return [
    flow("dram", "write", saves * bytes, saves),
    flow(tier, "write", saves * bytes, saves * requests),
  ];
}

/** Flow of so many loads from a tier. */
export function loadFlow(p: PathJob, loads: number, tier: FlowUsage["tier"] = "remote"): FlowUsage {
  const { bytes, requests } = loadCost(p).work;
  return flow(tier, "read", loads * bytes, loads * requests);
}
