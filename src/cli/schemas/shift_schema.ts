import { z } from "zod";
import { evidenceSchema } from "./metric_schema.ts";

export const shiftPlanSchema = z.object({
  starts: z.array(z.string()),
  segments: z.number(),
  computeGrams: z.number(),
  restartGrams: z.number(),
  heldGrams: z.number(),
  totalGrams: z.number(),
  savedGrams: z.number(),
});

const signalSchema = z.object({
  signal: z.enum(["average", "marginal"]),
  now: shiftPlanSchema,
  contiguous: shiftPlanSchema,
  interruptible: shiftPlanSchema.nullable(),
  /** What the plan chosen by the average signal means by this signal. */
  byAverageChoice: z.number().nullable(),
});

/** The document that `advise shift --json` prints. */
export const shiftDocumentSchema = z.object({
  schema: z.literal("spillway/shift/1"),
  evidence: evidenceSchema.describe("of every amount: a plan over a signal, measured by nobody"),
  job: z.object({
    slots: z.number(),
    slotSeconds: z.number(),
    kwhPerSlot: z.number(),
    restartKwh: z.number(),
    heldGramsPerHour: z.number(),
    start: z.string(),
    windowSlots: z.number(),
  }),
  signals: z.array(signalSchema),
  region: z.object({
    averageGrams: z.number(),
    marginalGrams: z.number().nullable(),
    agree: z.boolean().nullable(),
  }).nullable(),
  advice: z.string(),
  notes: z.array(z.string()),
});

export type ShiftDocument = z.infer<typeof shiftDocumentSchema>;
