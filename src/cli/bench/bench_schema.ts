import { z } from "zod";
import { scoreSchema } from "./score_document.ts";

const phase = z.strictObject({
  name: z.string(),
  seconds: z.number(),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  operations: z.number(),
  p50Seconds: z.number().nullable(),
  p99Seconds: z.number().nullable(),
});

/** Schema of `bench … --json`. */
export const benchSchema = z.strictObject({
  schema: z.literal("spillway/bench/1"),
  workload: z.string(),
  params: z.record(z.string(), z.unknown()),
  seed: z.number(),
  measuredAt: z.string(),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  inputs: z.record(z.string(), z.unknown()).describe("trace, replayed policy and profiles"),
  phases: z.array(phase),
  quantities: z.record(
    z.string(),
    z.strictObject({
      value: z.number(),
      low: z.number(),
      high: z.number(),
      repeats: z.number(),
    }),
  ).optional().describe("medians over the repeats, by metric id or phase"),
  verifiedBytes: z.number(),
  notes: z.array(z.string()),
  detail: z.record(z.string(), z.unknown()).optional(),
  prediction: z.strictObject({ file: z.string(), sha256: z.string() }).optional(),
  score: scoreSchema.optional(),
});
