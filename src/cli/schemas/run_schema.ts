import { z } from "zod";
import { metricsSchema } from "./metric_schema.ts";

export const sourceStatusSchema = z.object({
  name: z.string(),
  status: z.enum(["ok", "partial", "absent", "denied"]),
  reason: z.string().nullable(),
  remedy: z.string().nullable(),
  samples: z.number(),
  sinceNs: z.number().nullable(),
});

/** `RunRecord` (src/model/results.ts) as JSON. */
export const runRecordSchema = z.object({
  schema: z.literal("spillway/run/1"),
  tool: z.object({ name: z.literal("spillway"), version: z.string() }),
  name: z.string(),
  command: z.array(z.string()),
  workingDirectory: z.string(),
  startedUnixNs: z.string().describe("wall clock at time 0, nanoseconds since 1970, decimal"),
  durationNs: z.number(),
  intervalNs: z.number(),
  status: z.enum(["complete", "partial"]),
  statusReason: z.string().nullable(),
  exit: z.object({ code: z.number().nullable(), signal: z.string().nullable() }),
  sources: z.array(sourceStatusSchema),
  marks: z.array(z.object({ name: z.string(), timeNs: z.number() })),
  recorder: z.object({
    ticks: z.number(),
    missedTicks: z.number(),
    latenessP50Ns: z.number(),
    latenessP99Ns: z.number(),
    cpuSeconds: z.number(),
    peakRssBytes: z.number(),
  }),
  fingerprint: z.record(z.string(), z.unknown()),
  ledger: z.array(z.object({
    source: z.string(),
    device: z.string(),
    field: z.string(),
    unit: z.string(),
    before: z.number().nullable(),
    after: z.number().nullable(),
    delta: z.number().nullable(),
    reason: z.string().nullable(),
  })),
  metrics: metricsSchema,
  usage: z.unknown().describe("what estimate reads (DESIGN section 4, usage)"),
  stalls: z.unknown().optional().describe(
    "what each second was bound by, and the rules that decided",
  ),
  engine: z.unknown().optional().describe(
    "the serving engine that was listened to: config, counts",
  ),
});

/** What `record --json` prints: the run with its id in the store (null when it is not stored yet). */
export const recordOutputSchema = runRecordSchema.extend({ id: z.string().nullable() });
