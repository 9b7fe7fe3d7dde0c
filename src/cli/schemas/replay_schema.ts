import { z } from "zod";
import { metricsSchema, toolSchema, usageSchema } from "./metric_schema.ts";

const seriesSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  xUnit: z.string(),
  unit: z.string(),
  x: z.array(z.number()),
  y: z.array(z.number().nullable()),
});

const figureSchema = z.strictObject({
  chart: z.string(),
  title: z.string(),
  rows: z.array(z.record(z.string(), z.union([z.number(), z.string(), z.null()]))),
  options: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
});

const orderSchema = z.strictObject({
  by: z.string(),
  better: z.enum(["lower", "higher"]),
  order: z.array(z.strictObject({
    rank: z.number(),
    result: z.number(),
    policy: z.string(),
    lossy: z.literal(true).optional(),
  })),
});

/** Which trace a document is about. */
export const traceStampSchema = z.strictObject({
  id: z.string().nullable(),
  name: z.string(),
  kind: z.string(),
  format: z.string(),
  sha256: z.string().nullable(),
  rows: z.number(),
});

/** The document that every `replay <family> --json` prints (DESIGN section 4). */
export const replayDocumentSchema = z.strictObject({
  schema: z.literal("spillway/replay/1"),
  tool: toolSchema,
  command: z.array(z.string()).optional().describe("the command line, in stored documents"),
  family: z.string(),
  trace: traceStampSchema,
  profiles: z.record(z.string(), z.unknown()),
  seed: z.number(),
  doubt: z.string().optional(),
  results: z.array(z.strictObject({
    policy: z.string(),
    family: z.string(),
    params: z.record(z.string(), z.unknown()),
    swept: z.record(z.string(), z.string()).optional(),
    metrics: metricsSchema,
    usage: usageSchema.nullable(),
    series: z.array(seriesSchema).optional(),
    figures: z.array(figureSchema).optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
    notes: z.array(z.string()).optional(),
    legend: z.strictObject({ summary: z.string(), reference: z.string(), lossy: z.boolean() }),
  })),
  figures: z.array(figureSchema).optional(),
  ranking: z.strictObject({
    ...orderSchema.shape,
    recommendation: z.string(),
    others: z.array(orderSchema).optional(),
  }),
});
