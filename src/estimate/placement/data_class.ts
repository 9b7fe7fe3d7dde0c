import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../model/params.ts";

const share = z.number().min(0).max(1);

/** A part of a data class by how hot it is: shares of its bytes and of its reads. */
const segmentSchema = z.strictObject({
  name: z.string().min(1),
  bytesShare: share,
  readsShare: share,
});

/** Fewer bytes for the same purpose: what it multiplies, and what it costs elsewhere. */
const saverSchema = z.strictObject({
  name: z.string().min(1),
  /** Bytes held and written afterwards, as shares of today's. */
  heldFactor: share,
  writtenFactor: share,
  source: z.string().default("given by the user"),
});

/** A class of data to be placed: checkpoints, cold KV, samples. Rates are for the whole class. */
export const dataClassSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(["checkpoints", "kv", "samples", "other"]).default("other"),
  bytes: bytesParam().describe("bytes held at any time"),
  objectBytes: bytesParam().default(8 * 2 ** 20).describe("bytes of one object or chunk"),
  readBytesPerMonth: bytesParam().default(0),
  writtenBytesPerMonth: bytesParam().default(0),
  bandwidth: rateParam().optional().describe("bytes a second at the peak; the mean when not given"),
  copies: z.number().int().min(1).default(1).describe("copies kept on drives of one's own"),
  retentionSeconds: secondsParam().default(30 * 86_400).describe("how long an object is kept"),
  latencySeconds: secondsParam().default(60).describe("time to the first byte that is good enough"),
  latencyReadsShare: share.default(1).describe("share of reads that must be that fast"),
  segments: z.array(segmentSchema).default([]),
  savers: z.array(saverSchema).optional(),
});

export type DataClass = z.infer<typeof dataClassSchema>;
export type Segment = z.infer<typeof segmentSchema>;
export type Saver = z.infer<typeof saverSchema>;

export const placementFileSchema = z.strictObject({
  schema: z.literal("spillway/placement-input/1").optional(),
  classes: z.array(dataClassSchema).min(1),
});

/** Published or computed ways to store less, by kind of data; a file may give its own. */
export const DEFAULT_SAVERS: Readonly<Record<DataClass["kind"], readonly Saver[]>> = {
  checkpoints: [
    {
      name: "keep half as many",
      heldFactor: 0.5,
      writtenFactor: 1,
      source: "retention: half of the kept checkpoints expire",
    },
    {
      name: "write half as often",
      heldFactor: 1,
      writtenFactor: 0.5,
      source: "interval doubled; lost work grows: see replay fault",
    },
    {
      name: "quantised deltas",
      heldFactor: 1 / 2.5,
      writtenFactor: 1 / 6,
      source: "Check-N-Run (NSDI 22): capacity 2.5 to 8x, bandwidth 6 to 17x less; the low ends",
    },
  ],
  kv: [
    {
      name: "expire after half the time",
      heldFactor: 0.5,
      writtenFactor: 1,
      source: "retention halved; hits after that are lost: see replay cache",
    },
    {
      name: "compress 3.5x (lossy)",
      heldFactor: 1 / 3.5,
      writtenFactor: 1 / 3.5,
      source: "CacheGen (SIGCOMM 24): 3.5 to 4.3x; the low end; changes the model's results",
    },
  ],
  samples: [
    {
      name: "deduplicate by a quarter",
      heldFactor: 0.75,
      writtenFactor: 0.75,
      source: "a guess: measure the duplicates of your own samples",
    },
  ],
  other: [],
};
