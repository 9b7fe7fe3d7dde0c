import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { bytesParam, rateParam, secondsParam } from "../../model/params.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { SampleSet } from "../../model/trace/io.ts";
import { type StorageTier, tierOf, unlimitedTier } from "../shared/storage_tier.ts";

/** Parameters that every loader policy has; null: from trace or profile. */
export const LOADER_PARAMS = {
  accelerators: z.number().int().positive().nullable().default(null)
    .describe("accelerators that train; null: the GPUs of the profile"),
  hosts: z.number().int().positive().nullable().default(null)
    .describe("nodes they are in; null: the profile's"),
  batch: z.number().int().positive().nullable().default(null)
    .describe("samples of a step on one accelerator; null: as the data set says"),
  compute: secondsParam().nullable().default(null)
    .describe("seconds an accelerator computes on a batch; null: as the data set says"),
  threads: z.number().int().positive().nullable().default(null)
    .describe("reader threads of each accelerator's loader; null: as the data set says"),
  depth: z.number().int().positive().default(8).describe("batches that a loader reads ahead"),
  epochs: z.number().int().positive().max(20).default(2).describe("epochs; the last one is judged"),
  synchronous: z.boolean().default(true)
    .describe("a step ends on all accelerators together, as data-parallel training asks"),
  source: z.enum(["auto", "ssd", "remote", "object"]).default("auto")
    .describe("where the data set lies; auto: the profile's remote store, else its drives"),
  bandwidth: rateParam().nullable().default(null).describe("read bandwidth of the source"),
  iops: z.number().positive().nullable().default(null).describe(
    "read requests a second of the source",
  ),
  metadata: z.number().positive().nullable().default(null)
    .describe("opens and lookups a second of the source; null: never a limit"),
  latency: secondsParam().nullable().default(null).describe("seconds of one request to the source"),
  requestBytes: bytesParam().default(4 * 2 ** 20).describe("largest single read"),
} as const;

export const loaderSchema = z.strictObject(LOADER_PARAMS);
export type LoaderParams = z.infer<typeof loaderSchema>;

/**
 * An object store where the profile describes none: 5,500 GET requests a second and prefix, 100 ms to the first
 * byte (Amazon S3, performance guidelines); the bandwidth is that of the hosts' network. Assumed.
 */
const OBJECT_STORE = { requestsPerSecond: 5500, seconds: 0.1 } as const;

/** The job as the loader sees it. */
export interface LoaderJob {
  readonly accelerators: number;
  readonly hosts: number;
  readonly batchSize: number;
  readonly computeSeconds: number;
  readonly threads: number;
  readonly depth: number;
  readonly epochs: number;
  readonly synchronous: boolean;
  readonly requestBytes: number;
  readonly targetRatio: number;
  readonly source: StorageTier;
  /** Network of a host, bytes a second; Infinity when unknown. */
  readonly nicBytesPerSecond: number;
  readonly gpuKey: string | null;
  readonly hardware: HardwareProfile | null;
}

function sourceOf(p: LoaderParams, hardware: HardwareProfile | null, hosts: number): StorageTier {
  const kind = p.source !== "auto"
    ? p.source
    : hardware !== null && hardware.remote !== null
    ? "remote"
    : "ssd";
  const drives = hardware?.ssds[0];
  const profiled = kind === "ssd" ? drives : hardware?.remote ?? undefined;
  const nic = hosts * (hardware?.links.nic?.value ?? Infinity);
  let tier: StorageTier | null = profiled === undefined ? null : tierOf(kind, profiled);
  if (tier === null && kind === "object" && (Number.isFinite(nic) || p.bandwidth !== null)) {
    tier = {
      ...unlimitedTier("object"),
      readBytesPerSecond: nic,
      writeBytesPerSecond: nic,
      readsPerSecond: OBJECT_STORE.requestsPerSecond,
      writesPerSecond: OBJECT_STORE.requestsPerSecond,
      readSeconds: OBJECT_STORE.seconds,
      writeSeconds: OBJECT_STORE.seconds,
    };
  }
  if (tier === null && p.bandwidth === null) {
    throw usageError(
      `replay loader: the profile describes no ${kind} storage`,
      "give --set bandwidth=10GB/s (and iops, metadata, latency), or a profile that has it",
    );
  }
  const scale = kind === "ssd" && p.bandwidth === null ? hosts : 1;
  const base = tier ?? unlimitedTier(kind);
  return {
    ...base,
    name: kind,
    readBytesPerSecond: p.bandwidth ?? scale * base.readBytesPerSecond,
    readsPerSecond: p.iops ?? scale * base.readsPerSecond,
    metadataPerSecond: p.metadata ?? base.metadataPerSecond,
    readSeconds: p.latency ?? base.readSeconds,
  };
}

/** Trace, profile and parameters put together. @throws usage error for what nothing says. */
export function jobOf(
  p: LoaderParams,
  samples: SampleSet | undefined,
  hardware: HardwareProfile | null,
): LoaderJob {
  const compute = p.compute ?? samples?.computeSeconds ?? null;
  if (compute === null) {
    throw usageError(
      "replay loader: nothing says how long an accelerator computes on a batch",
      "add --set compute=224ms",
    );
  }
  const hosts = p.hosts ?? hardware?.nodes ?? 1;
  return {
    accelerators: p.accelerators ?? hosts * (hardware?.gpu?.count ?? 1),
    hosts,
    batchSize: p.batch ?? samples?.batchSize ?? 1,
    computeSeconds: compute,
    threads: p.threads ?? samples?.readThreads ?? 4,
    depth: p.depth,
    epochs: p.epochs,
    synchronous: p.synchronous,
    requestBytes: p.requestBytes,
    targetRatio: samples?.targetRatio ?? 0.9,
    source: sourceOf(p, hardware, hosts),
    nicBytesPerSecond: hardware?.links.nic?.value ?? Infinity,
    gpuKey: hardware?.gpu?.key ?? null,
    hardware,
  };
}
