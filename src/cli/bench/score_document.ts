import { z } from "zod";
import { explainLargestMiss, tallyScores } from "../../gate/score.ts";
import type { ScoredCase, ScoreDocument } from "../../model/prediction.ts";
import { hostFacts } from "../../runtime/host.ts";
import { VERSION } from "../../runtime/version.ts";

/** Puts scored cases into the document that is printed, stored and reported. */
export function scoreDocument(
  cases: readonly ScoredCase[],
  now: Date,
  noiseRatio: number | null = null,
): ScoreDocument {
  const tally = tallyScores(cases);
  const judged = tally.hits + tally.misses;
  const refused = tally.refused === 0 ? "" : `, ${tally.refused} refused`;
  return {
    schema: "spillway/score/1",
    tool: { name: "spillway", version: VERSION },
    summary: `${tally.hits} of ${judged} claims hit over ${cases.length} predictions${refused}`,
    machine: { ...hostFacts(), ...(noiseRatio === null ? {} : { noiseRatio }) },
    measuredAt: now.toISOString(),
    cases,
    ...tally,
    explanation: explainLargestMiss(cases),
  };
}

const knob = z.strictObject({ name: z.string(), from: z.string(), to: z.string() });

const row = z.strictObject({
  quantity: z.string(),
  unit: z.string(),
  predicted: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  within: z.number().describe("largest relative error that is a hit; 0 means equal"),
  assumption: z.string(),
  calibrationResidual: z.number().nullable(),
  measured: z.number().nullable(),
  measuredLow: z.number().nullable(),
  measuredHigh: z.number().nullable(),
  repeats: z.number(),
  relativeError: z.number().nullable().describe("(predicted - measured) / measured"),
  spread: z.number().nullable().describe("(highest - lowest) / median of the repeats"),
  verdict: z.enum(["hit", "miss", "not measured"]),
});

/** Schema of a score document. */
export const scoreSchema = z.strictObject({
  schema: z.literal("spillway/score/1"),
  tool: z.strictObject({ name: z.literal("spillway"), version: z.string() }),
  summary: z.string(),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  measuredAt: z.string(),
  cases: z.array(z.strictObject({
    name: z.string(),
    knob: knob.nullable(),
    sha256: z.string().nullable(),
    refused: z.string().nullable(),
    rows: z.array(row),
  })),
  hits: z.number(),
  misses: z.number(),
  notMeasured: z.number(),
  refused: z.number(),
  explanation: z.string(),
});
