import { z } from "zod";
import { estimateDocumentSchema } from "./estimate_schema.ts";
import { evidenceSchema, toolSchema } from "./metric_schema.ts";

const interval = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() }).nullable();

/** The document that `advise placement --json` prints. */
export const placementDocumentSchema = z.strictObject({
  schema: z.literal("spillway/placement/1"),
  tool: toolSchema,
  site: z.string(),
  minimize: z.enum(["total_usd", "total_grams_co2e"]),
  evidence: evidenceSchema.describe("of every amount: prices and factors are nobody's measurement"),
  classes: z.array(z.strictObject({
    name: z.string(),
    options: z.array(z.strictObject({
      medium: z.string(),
      title: z.string(),
      latencySeconds: z.number(),
      meetsLatency: z.boolean(),
      usdPerMonth: interval,
      gramsPerMonth: interval,
      reason: z.string().nullable(),
    })),
    chosen: z.array(
      z.strictObject({ segment: z.string(), medium: z.string(), bytes: z.number() }),
    ).nullable(),
    usdPerMonth: interval,
    gramsPerMonth: interval,
    reason: z.string(),
    savers: z.array(z.strictObject({
      name: z.string(),
      source: z.string(),
      lossy: z.boolean(),
      price: z.string().nullable(),
      savedUsdPerMonth: z.number().nullable(),
      savedGramsPerMonth: z.number().nullable(),
      savedUsdOverLife: z.number().nullable(),
      savedGramsOverLife: z.number().nullable(),
      savedUsdInterval: interval.describe("over the life of the hardware"),
      savedGramsInterval: interval.describe("over the life of the hardware"),
    })),
  })),
  coefficients: estimateDocumentSchema.shape.coefficients,
  warnings: z.array(z.string()),
});

export type PlacementDocument = z.infer<typeof placementDocumentSchema>;
