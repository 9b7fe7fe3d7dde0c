import { z } from "zod";
import { estimateDocumentSchema } from "./estimate_schema.ts";
import { toolSchema } from "./metric_schema.ts";

const interval = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() });

/** The document that `advise tiers --json` prints. */
export const tiersDocumentSchema = z.strictObject({
  schema: z.literal("spillway/tiers/1"),
  tool: toolSchema,
  site: z.string(),
  media: z.array(z.strictObject({
    medium: z.string(),
    title: z.string(),
    latencySeconds: z.number(),
    copies: z.number(),
    operationalGramsPerGbMonth: interval.nullable(),
    embodiedGramsPerGbMonth: interval,
    gramsPerGbMonth: interval.nullable(),
    usdPerGbMonth: interval.nullable(),
    gramsPerGbWritten: interval.nullable(),
    usdPerGbWritten: interval.nullable(),
    gramsPerGbRead: interval.nullable(),
    usdPerGbRead: interval.nullable(),
    usdPerThousandWrites: interval.nullable(),
    usdPerThousandReads: interval.nullable(),
    minimumDays: z.number(),
    minimumObjectBytes: z.number(),
  })),
  prefix: z.strictObject({
    llm: z.string(),
    hardware: z.string(),
    tokens: z.number(),
    bytes: z.number(),
    recomputeSeconds: z.number(),
    hiddenOverKv: z.number(),
    hitsPerMonth: z.number(),
    writesPerMonth: z.number(),
    breakEven: z.array(z.strictObject({
      medium: z.string(),
      view: z.enum(["operational", "inventory", "decision"]),
      reloadSeconds: z.number(),
      savedGramsPerHit: interval,
      holdGramsPerMonth: interval,
      writeGrams: interval,
      hitsPerMonth: interval.nullable(),
      crossoverGramsPerKwh: z.number().nullable(),
      sentence: z.string(),
    })),
  }).nullable(),
  coefficients: estimateDocumentSchema.shape.coefficients,
  warnings: z.array(z.string()),
});

export type TiersDocument = z.infer<typeof tiersDocumentSchema>;
