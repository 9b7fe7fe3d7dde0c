import { z } from "zod";
import { estimateDocumentSchema } from "./estimate_schema.ts";
import { replayDocumentSchema } from "./replay_schema.ts";
import { runRecordSchema } from "./run_schema.ts";

export const entryKinds = [
  "run",
  "trace",
  "replay",
  "estimate",
  "advice",
  "gate",
  "baseline",
  "prediction",
] as const;

/** One thing in the store that has an id and a name. */
export const entrySchema = z.strictObject({
  id: z.string().describe(
    "r1 run, t1 trace, p1 replay, e1 estimate, a1 advice, g1 gate, b1 baseline, x1",
  ),
  kind: z.enum(entryKinds),
  name: z.string(),
  createdAt: z.string().describe("ISO 8601, UTC"),
  summary: z.string(),
});

/** What `ls --json` prints. */
export const lsOutputSchema = z.strictObject({
  schema: z.literal("spillway/ls/1"),
  store: z.string(),
  exists: z.boolean().describe("false when there is no store yet"),
  entries: z.array(entrySchema),
});

/** What `import --json` prints. */
export const importOutputSchema = z.strictObject({
  schema: z.literal("spillway/import/1"),
  id: z.string(),
  name: z.string(),
  store: z.string(),
  kind: z.string(),
  format: z.string(),
  rows: z.number(),
  sha256: z.string().nullable(),
  notes: z.array(z.string()).describe("what was recognised, dropped or repaired"),
});

/** What `export --output FILE --json` prints. */
export const exportOutputSchema = z.strictObject({
  schema: z.literal("spillway/exported/1"),
  id: z.string(),
  name: z.string(),
  format: z.string(),
  file: z.string(),
  bytes: z.number().describe("size of the file"),
});

/** What `query --json` prints. */
export const queryOutputSchema = z.strictObject({
  schema: z.literal("spillway/query/1"),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())).describe("one array a row; integers above 2^53 as strings"),
});

/** One line of the statistics of a trace. */
export const statisticSchema = z.strictObject({
  name: z.string(),
  unit: z.string(),
  count: z.number().describe("rows with a known value"),
  sum: z.number().nullable(),
  min: z.number().nullable(),
  p50: z.number().nullable(),
  mean: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
});

/** What `show --json` prints: the entry, and the part that its kind has. */
export const showOutputSchema = z.strictObject({
  schema: z.literal("spillway/show/1"),
  entry: entrySchema,
  run: runRecordSchema.optional(),
  series: z.array(z.strictObject({
    source: z.string(),
    device: z.string(),
    field: z.string(),
    unit: z.string(),
    type: z.string(),
    samples: z.number(),
    unknown: z.number().describe("readings that could not be taken"),
    min: z.number().nullable(),
    mean: z.number().nullable(),
    max: z.number().nullable(),
  })).optional(),
  trace: z.strictObject({
    kind: z.string(),
    format: z.string(),
    sha256: z.string().nullable(),
    rows: z.number(),
    notes: z.array(z.string()),
    facts: z.record(z.string(), z.union([z.number(), z.string()]).nullable()),
    statistics: z.array(statisticSchema),
  }).optional(),
  replay: replayDocumentSchema.optional(),
  estimate: estimateDocumentSchema.optional(),
  document: z.record(z.string(), z.unknown()).optional().describe("gate, baseline or prediction"),
});
