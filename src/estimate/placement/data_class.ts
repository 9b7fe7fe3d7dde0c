import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../model/params.ts";

const share = z.number().min(0).max(1);

/** A part of a data class by how hot it is: shares of its bytes and of its reads. */
const segmentSchema = z.strictObject({
  name: z.string().min(1),
  bytesShare: share,
  readsShare: share,
});

function sumOf(list: readonly z.infer<typeof segmentSchema>[], key: "bytesShare" | "readsShare") {
  return list.reduce((a, s) => a + s[key], 0);
}

/** Fewer bytes for the same purpose: what it multiplies, and what it costs elsewhere. */
const saverSchema = z.strictObject({
  name: z.string().min(1),
  /** Bytes held and written afterwards, as shares of today's. */
  heldFactor: share,
  writtenFactor: share,
  readFactor: share.default(1),
  /** Of the peak rate: smaller objects need fewer drives, rarer ones do not. */
  bandwidthFactor: share.default(1),
  /** Time an object is kept afterwards: minimum durations of a medium bind sooner. */
  retentionFactor: share.default(1),
  lossy: z.boolean().default(false),
  /** What it costs elsewhere, in words. */
  price: z.string().optional(),
  source: z.string().default("given by the user"),
});

/** Shares of a split must sum to the whole. */
const SHARES_SUM = 1e-6;

/** A class of data to be placed: checkpoints, cold KV, samples. Rates are for the whole class. */
export const dataClassSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(["checkpoints", "kv", "samples", "other"]).default("other"),
  bytes: bytesParam().describe("bytes held at any time"),
  objectBytes: bytesParam().default(8 * 2 ** 20).describe("bytes of one object or chunk"),
  readBytesPerMonth: bytesParam().default(0),
  writtenBytesPerMonth: bytesParam().default(0),
  egressBytesPerMonth: bytesParam().default(0).describe(
    "bytes that leave the cloud for the internet",
  ),
  bandwidth: rateParam().optional().describe("bytes a second at the peak; the mean when not given"),
  copies: z.number().int().min(1).default(1).describe("copies kept on drives of one's own"),
  retentionSeconds: secondsParam().default(30 * 86_400).describe("how long an object is kept"),
  latencySeconds: secondsParam().default(60).describe("time to the first byte that is good enough"),
  latencyReadsShare: share.default(1).describe("share of reads that must be that fast"),
  segments: z.array(segmentSchema).default([]).refine(
    (list) => list.length === 0 || Math.abs(sumOf(list, "bytesShare") - 1) <= SHARES_SUM,
    "the segments' bytesShare must sum to 1",
  ).refine(
    (list) => list.length === 0 || Math.abs(sumOf(list, "readsShare") - 1) <= SHARES_SUM,
    "the segments' readsShare must sum to 1",
  ),
  savers: z.array(saverSchema).optional(),
});

export type DataClass = z.infer<typeof dataClassSchema>;
export type Segment = z.infer<typeof segmentSchema>;
export type Saver = z.infer<typeof saverSchema>;

export const placementFileSchema = z.strictObject({
  schema: z.literal("spillway/placement-input/1").optional(),
  classes: z.array(dataClassSchema).min(1),
});

const PLAIN = { readFactor: 1, bandwidthFactor: 1, retentionFactor: 1, lossy: false } as const;

/**
 * Ways to store less, by kind of data: retention and expiry, deduplication, deltas, quantisation. A figure
 * is the low end of what was published, or a what-if of one half where only the user's data can tell; a
 * file may give its own.
 */
export const DEFAULT_SAVERS: Readonly<Record<DataClass["kind"], readonly Saver[]>> = {
  checkpoints: [
    {
      ...PLAIN,
      name: "retention: keep half as many",
      heldFactor: 0.5,
      writtenFactor: 1,
      retentionFactor: 0.5,
      price: "fewer old states to go back to",
      source: "what-if: each checkpoint expires after half the time",
    },
    {
      ...PLAIN,
      name: "interval: write half as often",
      heldFactor: 0.5,
      writtenFactor: 0.5,
      price: "more lost work a failure: see replay fault",
      source: "what-if: the interval doubled, each kept as long as before",
    },
    {
      ...PLAIN,
      name: "deltas and quantisation together",
      bandwidthFactor: 1 / 6,
      heldFactor: 1 / 2.5,
      writtenFactor: 1 / 6,
      readFactor: 1 / 2.5,
      lossy: true,
      price: "a restore reads a base and its deltas",
      source: "Check-N-Run (NSDI 22): capacity 2.5 to 8x, bandwidth 6 to 17x less; the low ends",
    },
    {
      ...PLAIN,
      name: "deltas alone",
      bandwidthFactor: 0.5,
      heldFactor: 0.8,
      writtenFactor: 0.5,
      price: "a restore reads a base and its deltas",
      source: "a guess: half of the tensors change between two saves, a full base every fifth",
    },
    {
      ...PLAIN,
      name: "quantised optimiser states (8 bit)",
      bandwidthFactor: 8 / 14,
      heldFactor: 8 / 14,
      writtenFactor: 8 / 14,
      readFactor: 8 / 14,
      lossy: true,
      price: "training resumes from rounded moments",
      source: "computed: 14 B a parameter (2 weights, 4 master, 8 moments) with moments of 2 B",
    },
    {
      ...PLAIN,
      name: "deduplicate: replicas save once",
      bandwidthFactor: 0.5,
      heldFactor: 0.5,
      writtenFactor: 0.5,
      source: "what-if: two data-parallel replicas wrote the same bytes",
    },
  ],
  kv: [
    {
      ...PLAIN,
      name: "expire after half the time",
      heldFactor: 0.5,
      writtenFactor: 1,
      retentionFactor: 0.5,
      price: "hits after that are lost: see replay cache",
      source: "what-if: time to live halved",
    },
    {
      ...PLAIN,
      name: "store on the second use only",
      heldFactor: 0.5,
      writtenFactor: 0.5,
      price: "the first reuse is recomputed: see replay offload --set admission=second",
      source: "what-if: half of the blocks are never used again",
    },
    {
      ...PLAIN,
      name: "deduplicate equal prefixes",
      heldFactor: 0.75,
      writtenFactor: 0.75,
      source: "a guess: measure it as unique_blocks over total_blocks of replay cache",
    },
    {
      ...PLAIN,
      name: "quantise to 8 bit",
      bandwidthFactor: 0.5,
      heldFactor: 0.5,
      writtenFactor: 0.5,
      readFactor: 0.5,
      lossy: true,
      source: "computed: 16 to 8 bit an element",
    },
    {
      ...PLAIN,
      name: "compress 3.5x",
      bandwidthFactor: 1 / 3.5,
      heldFactor: 1 / 3.5,
      writtenFactor: 1 / 3.5,
      readFactor: 1 / 3.5,
      lossy: true,
      source: "CacheGen (SIGCOMM 24): 3.5 to 4.3x; the low end",
    },
  ],
  samples: [
    {
      ...PLAIN,
      name: "deduplicate by a quarter",
      heldFactor: 0.75,
      writtenFactor: 0.75,
      readFactor: 0.75,
      source: "a guess: measure the duplicates of your own samples",
    },
  ],
  other: [],
};

/** A class that names no segments. */
export const WHOLE: Segment = { name: "all", bytesShare: 1, readsShare: 1 };

/** The parts of a class by how hot they are; the whole of it when it names none. */
export function segmentsOf(data: DataClass): readonly Segment[] {
  return data.segments.length === 0 ? [WHOLE] : data.segments;
}
