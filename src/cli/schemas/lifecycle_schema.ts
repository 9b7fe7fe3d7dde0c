import { z } from "zod";
import { estimateDocumentSchema } from "./estimate_schema.ts";
import { metricsSchema, toolSchema } from "./metric_schema.ts";

const interval = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() }).nullable();

const row = z.strictObject({
  name: z.string(),
  site: z.string(),
  metrics: metricsSchema,
  carbonShare: z.number().nullable().describe("of the life's carbon, middle figures"),
  storedShare: z.number().nullable().describe("memory and storage, of the stage's own carbon"),
});

/** The document that `estimate lifecycle --json` prints. */
export const lifecycleDocumentSchema = z.strictObject({
  schema: z.literal("spillway/lifecycle/1"),
  tool: toolSchema,
  summary: z.string(),
  name: z.string(),
  stages: z.array(row),
  total: row,
  rates: metricsSchema.describe("of the whole life over all that it produced"),
  savings: z.array(z.strictObject({
    stage: z.string(),
    name: z.string(),
    source: z.string(),
    lossy: z.boolean(),
    price: z.string().nullable(),
    savedGrams: interval,
    savedUsd: interval,
    shareOfLife: z.number().nullable(),
  })),
  verdicts: z.array(z.string()),
  coefficients: estimateDocumentSchema.shape.coefficients,
  warnings: z.array(z.string()),
});

export type LifecycleDocument = z.infer<typeof lifecycleDocumentSchema>;
