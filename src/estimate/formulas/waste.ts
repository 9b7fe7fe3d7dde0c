import { embodiedByTime, ratedWrites } from "./embodied.ts";
import { HOURS_PER_YEAR } from "./units.ts";

/** Young's interval, CACM 1974 (F16): sqrt(2 d MTBF), seconds. */
export function youngInterval(checkpointSeconds: number, mtbfSeconds: number): number {
  return Math.sqrt(2 * checkpointSeconds * mtbfSeconds);
}

export interface FaultWaste {
  /** Checkpointing. */
  readonly overheadRatio: number;
  /** Work lost between the last checkpoint and the failure. */
  readonly reworkRatio: number;
  /** Restarting. */
  readonly restartRatio: number;
  readonly totalRatio: number;
}

/** First-order waste of checkpointed work (F16): d/T + T/(2 MTBF) + R/MTBF, of energy, carbon and $. */
export function faultWaste(
  checkpointSeconds: number,
  intervalSeconds: number,
  restartSeconds: number,
  mtbfSeconds: number,
): FaultWaste {
  const overhead = checkpointSeconds / intervalSeconds;
  const rework = intervalSeconds / (2 * mtbfSeconds);
  const restart = restartSeconds / mtbfSeconds;
  return {
    overheadRatio: overhead,
    reworkRatio: rework,
    restartRatio: restart,
    totalRatio: overhead + rework + restart,
  };
}

export interface CheckpointWear {
  readonly writtenTb: number;
  readonly tbwTb: number;
  readonly wearRatio: number;
  readonly wearGrams: number;
  readonly timeGrams: number;
  readonly bindingGrams: number;
  readonly binding: "time" | "wear";
}

/**
 * What the checkpoints of a run do to the drives that take them (E11); alone on those drives, so the
 * binding constraint is the larger of the two shares.
 */
export function checkpointWear(input: {
  readonly checkpointTb: number;
  readonly checkpoints: number;
  readonly days: number;
  readonly drives: number;
  readonly driveTb: number;
  readonly dwpd: number;
  readonly warrantyYears: number;
  readonly embodiedGramsPerGb: number;
  readonly lifeYears: number;
}): CheckpointWear {
  const writtenTb = input.checkpointTb * input.checkpoints;
  const tbwTb = ratedWrites(input.dwpd, input.driveTb, input.warrantyYears) * input.drives;
  const totalGrams = input.drives * input.driveTb * 1000 * input.embodiedGramsPerGb;
  const wearRatio = writtenTb / tbwTb;
  const wearGrams = totalGrams * wearRatio;
  const timeGrams = embodiedByTime(totalGrams, input.days * 24, input.lifeYears * HOURS_PER_YEAR);
  return {
    writtenTb,
    tbwTb,
    wearRatio,
    wearGrams,
    timeGrams,
    bindingGrams: Math.max(wearGrams, timeGrams),
    binding: wearGrams > timeGrams ? "wear" : "time",
  };
}
