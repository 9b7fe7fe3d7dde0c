import { counted } from "../../model/plural.ts";
import { scoreClaims } from "../../gate/score.ts";
import { SpillwayError } from "../../model/errors.ts";
import type { Claim, Knob, MeasuredQuantity, ScoredCase } from "../../model/prediction.ts";
import type { WorkloadContext, WorkloadPrediction } from "../../workload/workload.ts";
import { type Sealed, sealPrediction } from "../bench/seal.ts";

/** What will happen, and the run that shows it. */
export interface PredictedCase {
  readonly prediction: WorkloadPrediction;
  run(): Promise<ReadonlyMap<string, MeasuredQuantity>>;
}

/** One counterfactual: what is changed, what it will do, and how it is run. */
export interface SealedCase {
  readonly name: string;
  readonly knob: Knob;
  predict(): Promise<PredictedCase>;
}

/** A recorded run with the cases that change one knob of it. */
export interface CaseGroup {
  /** Null when the recorded run was reproduced under as-run, else why not: then every case is refused. */
  readonly refused: string | null;
  readonly cases: readonly SealedCase[];
}

/** What the groups need of the command. */
export interface SealedContext extends WorkloadContext {
  readonly repeats: number;
  note(line: string): Promise<void>;
}

/** A claim that is either true (1) or false (0), such as "faster than the recorded run". */
export function yesNoClaim(quantity: string, predicted: boolean, assumption: string): Claim {
  return {
    quantity,
    unit: "count",
    predicted: predicted ? 1 : 0,
    low: null,
    high: null,
    within: 0,
    assumption,
    calibrationResidual: null,
  };
}

/** The answer to it. */
export function yesNo(measured: boolean): MeasuredQuantity {
  const value = measured ? 1 : 0;
  return { value, low: value, high: value, repeats: 1 };
}

/**
 * Seals, runs and scores the cases of a group, one after another; each prediction is handed out before its
 * run starts. A case that this machine cannot run (no rights to limit reads) is refused with its reason.
 */
export async function playGroup(
  group: CaseGroup,
  onSealed: (sealed: Sealed, name: string) => Promise<void>,
  onDone: (scored: ScoredCase) => void,
): Promise<void> {
  for (const { name, knob, predict } of group.cases) {
    if (group.refused !== null) {
      onDone({ name, knob, sha256: null, refused: group.refused, rows: [] });
      continue;
    }
    const { prediction, run } = await predict();
    const sealed = sealPrediction(prediction, {
      summary: `${name}, ${counted(prediction.claims.length, "claim")}`,
      knob,
      run: null,
      now: new Date(),
    });
    await onSealed(sealed, name);
    try {
      const rows = scoreClaims(prediction.claims, await run());
      onDone({ name, knob, sha256: sealed.sha256, refused: null, rows });
    } catch (error) {
      if (!(error instanceof SpillwayError) || error.kind !== "environment") throw error;
      onDone({ name, knob, sha256: sealed.sha256, refused: error.message, rows: [] });
    }
  }
}
