import { z } from "zod";
import { estimateDocumentSchema } from "./estimate_schema.ts";
import { metricsSchema } from "./metric_schema.ts";
import { traceStampSchema } from "./replay_schema.ts";

const interval = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() }).nullable();

const size = z.strictObject({
  gpus: z.number(),
  gpusPerInstance: z.number(),
  forCompute: z.number().describe("GPUs that the work alone needs"),
  forMemory: z.number().describe("GPUs that weights and KV alone need"),
  busyGpus: z.number(),
});

/** The document that `advise capacity --json` prints. */
export const capacityDocumentSchema = z.strictObject({
  schema: z.literal("spillway/capacity/1"),
  trace: traceStampSchema,
  profiles: z.record(z.string(), z.string()),
  demand: z.strictObject({
    requests: z.number(),
    seconds: z.number(),
    recomputeFlopsPerSecond: z.number(),
    reusedFlopsPerSecond: z.number(),
    decodeBytesPerSecond: z.number(),
    liveBytes: z.number(),
    heldBytes: z.number(),
    reusedTokenRatio: z.number(),
    reloadBytesPerSecond: z.number(),
    storeBytesPerSecond: z.number(),
    inputTokens: z.number(),
    outputTokens: z.number(),
  }),
  designs: z.array(z.strictObject({
    name: z.enum(["recompute", "hbm", "dram", "ssd"]),
    size,
    heldBytes: z.number(),
    boughtForMemory: z.number(),
    fits: z.boolean().describe("the machine holds the bytes and moves them in time"),
    why: z.string(),
    metrics: metricsSchema.describe("of a month"),
  })),
  worth: z.array(z.strictObject({
    tier: z.string(),
    against: z.string(),
    gpus: z.number(),
    usdPerMonth: interval,
    gramsPerMonth: interval,
    usdVerdict: z.string().nullable(),
    gramsVerdict: z.string().nullable(),
  })),
  growth: z.array(z.strictObject({
    year: z.number(),
    hbm: size.nullable(),
    tiered: size.nullable(),
    recompute: size.nullable(),
    boughtForMemory: z.number().nullable(),
    tierWorthGpus: z.number().nullable(),
  })),
  coefficients: estimateDocumentSchema.shape.coefficients,
  advice: z.string(),
  warnings: z.array(z.string()),
});

export type CapacityDocument = z.infer<typeof capacityDocumentSchema>;
