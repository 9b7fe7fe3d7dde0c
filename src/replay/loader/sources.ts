import { type StorageTier, tierSeconds } from "../shared/storage_tier.ts";
import type { Place, Samples } from "./access.ts";
import type { LoaderJob } from "./params.ts";

/** The source as a place. */
export function sourcePlace(tier: StorageTier): Place {
  return {
    name: "source",
    tier: tier.name as Place["tier"],
    seconds: (work) => tierSeconds(tier, work),
    latencySeconds: tier.readSeconds,
    perHost: false,
  };
}

/** Reads of at most `requestBytes` that a piece takes. */
export function requestsOf(bytes: number, requestBytes: number): number {
  return Math.max(1, Math.ceil(bytes / requestBytes));
}

/** How shards frame a sample. */
export const FRAMES = {
  /** TFRecord: length (8), its CRC (4), the data's CRC (4). */
  tfrecord: (bytes: number) => bytes + 16,
  /** WebDataset: a tar header of 512 B a member, content padded to 512 B. */
  webdataset: (bytes: number) => 512 + 512 * Math.ceil(bytes / 512),
} as const;

export interface Shards {
  readonly shardOf: Int32Array;
  readonly count: number;
  /** Bytes of a sample within its shard. */
  readonly framedBytes: Float64Array;
  readonly totalBytes: number;
}

/** Packs samples in order into shards of about `shardBytes`. */
export function packShards(
  samples: Samples,
  shardBytes: number,
  frame: keyof typeof FRAMES,
): Shards {
  const shardOf = new Int32Array(samples.count);
  const framedBytes = new Float64Array(samples.count);
  let shard = 0;
  let filled = 0;
  let total = 0;
  for (let i = 0; i < samples.count; i++) {
    framedBytes[i] = FRAMES[frame](samples.bytes[i]);
    if (filled > 0 && filled + framedBytes[i] > shardBytes) {
      shard++;
      filled = 0;
    }
    shardOf[i] = shard;
    filled += framedBytes[i];
    total += framedBytes[i];
  }
  return { shardOf, count: samples.count === 0 ? 0 : shard + 1, framedBytes, totalBytes: total };
}

/** Opens of a file: object stores have none, a GET names the object. */
export function opensOf(job: LoaderJob): number {
  return job.source.name === "object" ? 0 : 1;
}

/** Reading a sample from its own file: an open, then reads of at most `requestBytes`. */
export function fileWork(
  job: LoaderJob,
  bytes: number,
): { bytes: number; requests: number; metadata: number } {
  return { bytes, requests: requestsOf(bytes, job.requestBytes), metadata: opensOf(job) };
}
