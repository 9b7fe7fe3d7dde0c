import { z } from "zod";
import type { MetricUnit } from "./metric.ts";
import type { ToolStamp } from "./results.ts";

/** One number that is claimed before it is measured. */
export interface Claim {
  /** A metric id, or a phase of a workload with what is claimed of it: `prefill-256 seconds`. */
  readonly quantity: string;
  readonly unit: MetricUnit;
  readonly predicted: number;
  /** Ends of the prediction's interval; null when it is exact or none is known. */
  readonly low: number | null;
  readonly high: number | null;
  /** The bar set before the run: largest relative error that counts as a hit; 0 means equal. */
  readonly within: number;
  /** What the number rests on, for the explanation of a miss. */
  readonly assumption: string;
  /** Largest relative deviation of the calibration's own points from the law; null without a law. */
  readonly calibrationResidual: number | null;
}

const claimSchema = z.strictObject({
  quantity: z.string().min(1),
  unit: z.custom<MetricUnit>((value) => typeof value === "string"),
  predicted: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  within: z.number().nonnegative(),
  assumption: z.string(),
  calibrationResidual: z.number().nullable(),
});

/** What is changed against a recorded run; `from` is what was recorded. */
export interface Knob {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

const knobSchema = z.strictObject({ name: z.string(), from: z.string(), to: z.string() });

/** A file that is written, and hashed, before the run it is about. Its SHA-256 is that of its bytes. */
export const predictionSchema = z.strictObject({
  schema: z.literal("spillway/prediction/1"),
  tool: z.strictObject({ name: z.literal("spillway"), version: z.string() }),
  /** One line for lists. */
  summary: z.string(),
  /** Wall clock, ISO 8601 UTC. */
  sealedAt: z.string(),
  knob: knobSchema.nullable(),
  /** Arguments of the command whose run is judged; null when any run may be scored. */
  run: z.array(z.string()).nullable(),
  /** Everything the claims follow from: trace with its hash, profiles, parameters, seed. */
  inputs: z.record(z.string(), z.json()),
  claims: z.array(claimSchema).min(1),
});

export type PredictionDocument = z.infer<typeof predictionSchema>;

/** A measured number with its repeats. */
export interface MeasuredQuantity {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly repeats: number;
}

/** A claim beside what was measured. */
export interface ScoreRow extends Claim {
  /** Null when the run did not measure it: neither a hit nor a miss. */
  readonly measured: number | null;
  readonly measuredLow: number | null;
  readonly measuredHigh: number | null;
  readonly repeats: number;
  /** (predicted - measured) / measured. */
  readonly relativeError: number | null;
  /** (highest - lowest) / median of the repeats. */
  readonly spread: number | null;
  readonly verdict: "hit" | "miss" | "not measured";
}

/** One sealed prediction with its score, or the reason why none was made. */
export interface ScoredCase {
  readonly name: string;
  readonly knob: Knob | null;
  /** Null when the prediction was refused. */
  readonly sha256: string | null;
  /** Why nothing was predicted: the recorded run was not reproduced. */
  readonly refused: string | null;
  readonly rows: readonly ScoreRow[];
}

/** `--json` of `score`, of `bench … --predict` and of `bench sealed`; what the report shows. */
export interface ScoreDocument {
  readonly schema: "spillway/score/1";
  readonly tool: ToolStamp;
  readonly summary: string;
  /** Processor, memory, runtime; no host name. */
  readonly machine: { readonly [key: string]: string | number };
  readonly measuredAt: string;
  readonly cases: readonly ScoredCase[];
  readonly hits: number;
  readonly misses: number;
  readonly notMeasured: number;
  readonly refused: number;
  /** Which assumption explains the largest miss. */
  readonly explanation: string;
}
