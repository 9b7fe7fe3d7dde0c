import { z } from "zod";
import { evidenceSchema, metricsSchema, toolSchema } from "./metric_schema.ts";

const interval = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() });

const provenance = z.strictObject({ formula: z.string(), coefficients: z.array(z.string()) });

const span = z.strictObject({ low: z.number(), high: z.number() }).nullable()
  .describe("low and high over the middle");

/** The document that `estimate --json` prints. */
export const estimateDocumentSchema = z.strictObject({
  schema: z.literal("spillway/estimate/1"),
  tool: toolSchema,
  command: z.array(z.string()).optional().describe("the command line, in stored documents"),
  subject: z.strictObject({
    kind: z.enum(["run", "replay", "trace"]),
    id: z.string().nullable(),
    name: z.string(),
  }),
  site: z.record(z.string(), z.unknown()),
  results: z.array(z.strictObject({
    name: z.string(),
    metrics: metricsSchema,
    provenance: z.record(
      z.string(),
      provenance,
    ),
    notes: z.array(z.string()).optional(),
  })),
  coefficients: z.array(z.strictObject({
    id: z.string(),
    low: z.number(),
    mid: z.number(),
    high: z.number(),
    unit: z.string(),
    source: z.string(),
    asOf: z.string(),
    licence: z.string(),
    evidence: evidenceSchema,
  })),
  phases: z.array(z.strictObject({
    name: z.string(),
    startSeconds: z.number(),
    endSeconds: z.number(),
    joules: z.number(),
    joulesLow: z.number(),
    joulesHigh: z.number(),
    measuredJoules: z.number().nullable(),
    share: z.number().nullable(),
    grams: z.number().nullable(),
    gramsLow: z.number().nullable(),
    gramsHigh: z.number().nullable(),
    evidence: evidenceSchema,
    provenance,
  })).optional().describe("energy between the marks of a run"),
  requests: z.array(z.strictObject({
    result: z.string(),
    requests: z.number(),
    outputWeight: z.number(),
    totalJoules: z.number(),
    sumJoules: z.number(),
    meanJoules: z.number(),
    p50Joules: z.number(),
    p99Joules: z.number(),
    maxJoules: z.number(),
    p50Grams: z.number().nullable(),
    p99Grams: z.number().nullable(),
    inputShare: z.number().nullable(),
    joulesSpan: span,
    gramsSpan: span,
    evidence: evidenceSchema,
    provenance,
  })).optional().describe("energy shared over the requests of a trace by token work"),
  warnings: z.array(z.string()),
  comparisons: z.array(z.strictObject({
    first: z.string(),
    second: z.string(),
    metric: z.string(),
    view: z.enum(["inventory", "decision"]),
    difference: interval,
    verdict: z.enum(["always", "never", "depends", "equal"]),
    flips: z.array(z.strictObject({
      coefficient: z.string(),
      at: z.number(),
      unit: z.string(),
      side: z.enum(["above", "below"]),
    })),
    sentence: z.string(),
    sampledShare: z.number().optional(),
    evidence: evidenceSchema,
    coefficients: z.array(z.string()),
  })).optional(),
  crossover: z.strictObject({
    coefficient: z.string(),
    unit: z.string(),
    metric: z.string(),
    x: z.array(z.number()),
    lines: z.array(z.strictObject({ name: z.string(), y: z.array(z.number()) })),
    crossesAt: z.number().nullable(),
    evidence: evidenceSchema,
    coefficients: z.array(z.string()),
  }).optional(),
});
