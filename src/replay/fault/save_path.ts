import { z } from "zod";
import { rateParam } from "../../model/params.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { FlowUsage } from "../../model/usage.ts";
import { tierOf } from "../shared/storage_tier.ts";

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
  nodeNic: rateParam().default(0)
    .describe("network bandwidth of a node, one direction; the hardware's when not given"),
  gpuPcie: rateParam().default(0)
    .describe("bandwidth from a GPU to its host; the hardware's when not given"),
} as const;

const pathSchema = z.strictObject(PATH_PARAMS);
export type PathParams = z.infer<typeof pathSchema>;

/** The bandwidths that the user left open, from the hardware profile. */
export function withHardwarePath<P extends PathParams>(p: P, hardware: HardwareProfile | null): P {
  if (hardware === null) return p;
  const { links, remote } = hardware;
  const store = remote === null ? null : tierOf("remote", remote);
  return {
    ...p,
    writeBandwidth: p.writeBandwidth || (store?.writeBytesPerSecond ?? 0),
    readBandwidth: p.readBandwidth || (store?.readBytesPerSecond ?? 0),
    nodeNic: p.nodeNic || (links.nic?.value ?? 0),
    gpuPcie: p.gpuPcie || (links.deviceToHost?.value ?? 0),
  };
}

/** What one save or one load moves, and how long it takes alone. */
export interface PathCost {
  /** Bytes that the store takes or gives, in how many files. */
  readonly storeBytes: number;
  readonly files: number;
  readonly networkBytes: number;
  readonly pcieBytes: number;
  /** Slowest part of the way; null while the size or the store's bandwidth is unknown. */
  readonly seconds: number | null;
}

type PathJob = PathParams & {
  readonly bytes: number;
  readonly gpus: number;
  readonly gpusPerNode: number;
};

/** max over the store, the network and PCIe (reference 3.1); parts of unknown bandwidth do not count. */
function slowest(store: number, ...parts: readonly (readonly [bytes: number, rate: number])[]) {
  return parts.reduce(
    (most, [bytes, rate]) => rate > 0 ? Math.max(most, bytes / rate) : most,
    store,
  );
}

/** A save of the whole state of `bytes`. */
export function saveCost(p: PathJob): PathCost {
  const nodes = Math.max(1, Math.ceil(p.gpus / p.gpusPerNode));
  const one = p.pattern === "aggregated";
  const moved = p.pattern === "per-rank" ? p.bytes * p.dataParallel : p.bytes;
  const known = p.bytes > 0 && p.writeBandwidth > 0;
  return {
    storeBytes: moved,
    files: one ? 1 : p.gpus,
    // The gathering writer also takes in what the other nodes hold.
    networkBytes: one ? moved * (2 - 1 / nodes) : moved,
    pcieBytes: moved,
    seconds: !known ? null : slowest(
      moved / p.writeBandwidth,
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
  const known = p.bytes > 0 && p.readBandwidth > 0;
  return {
    storeBytes: read,
    files: p.pattern === "aggregated" ? (p.readers === "all" ? p.dataParallel : 1) : p.gpus,
    networkBytes: p.readers === "all" ? all : p.bytes + all - p.bytes,
    pcieBytes: all,
    seconds: !known ? null : slowest(
      read / p.readBandwidth,
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
  const { storeBytes, files } = saveCost(p);
  return [
    flow("dram", "write", saves * storeBytes, saves),
    flow(tier, "write", saves * storeBytes, saves * files),
  ];
}

/** Flow of so many loads from a tier. */
export function loadFlow(p: PathJob, loads: number, tier: FlowUsage["tier"] = "remote"): FlowUsage {
  const { storeBytes, files } = loadCost(p);
  return flow(tier, "read", loads * storeBytes, loads * files);
}
