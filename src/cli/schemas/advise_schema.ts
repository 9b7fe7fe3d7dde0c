import { z } from "zod";
import { estimateDocumentSchema } from "./estimate_schema.ts";
import { metricsSchema, toolSchema } from "./metric_schema.ts";
import { traceStampSchema } from "./replay_schema.ts";

/** One search: every point, the front, one recommendation. */
const oneSearch = z.strictObject({
  schema: z.literal("spillway/advise/1"),
  tool: toolSchema,
  trace: traceStampSchema,
  profiles: z.record(z.string(), z.string().nullable()),
  seed: z.number(),
  slo: z.array(z.strictObject({ metric: z.string(), operator: z.string(), bound: z.number() })),
  minimize: z.string(),
  objectives: z.array(z.string()),
  searched: z.number(),
  refused: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  points: z.array(z.strictObject({
    name: z.string(),
    policy: z.string(),
    set: z.record(z.string(), z.string()),
    metrics: metricsSchema,
    keepsBounds: z.boolean(),
    baseline: z.boolean(),
  })).describe("every point that could be replayed, in the order searched"),
  front: z.array(z.strictObject({
    point: z.number(),
    command: z.string(),
    metrics: metricsSchema.describe("with low and high"),
  })).describe("points that no other point beats"),
  recommendation: z.strictObject({
    point: z.number().nullable(),
    baseline: z.number().nullable(),
    worthIt: z.boolean(),
    reason: z.string(),
    command: z.string().nullable().describe("the replay that gives the point's own metrics again"),
    priceCommand: z.string().nullable().describe(
      "prices what the replay printed, as the search did",
    ),
    stability: estimateDocumentSchema.shape.comparisons,
  }),
  coefficients: estimateDocumentSchema.shape.coefficients,
  warnings: z.array(z.string()),
});

/** The document that `advise --json` prints. */
export const adviseDocumentSchema = oneSearch.extend({
  job: oneSearch.optional().describe(
    "with --faults: the steps of the front crossed with fault policies, each pair one job",
  ),
});

export type AdviseDocument = z.infer<typeof adviseDocumentSchema>;
