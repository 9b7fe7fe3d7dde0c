/** Parameters of the classic model: all times in one unit, exponential failures with mean `mtbf`. */
export interface ClassicModel {
  /** Useful time of the whole job, Ts. */
  readonly useful: number;
  /** Useful time between checkpoints, tau. */
  readonly interval: number;
  /** Blocking time of a checkpoint, delta. */
  readonly checkpoint: number;
  /** Restart time, R. */
  readonly restart: number;
  /** Mean time between failures, M. */
  readonly mtbf: number;
}

/** Expected completion time when failures can also hit a restart: M e^(R/M) (e^(L/M) - 1) N. F4. */
export function completionTime(model: ClassicModel): number {
  const { useful, interval, checkpoint, restart, mtbf } = model;
  const segments = useful / interval;
  return mtbf * Math.exp(restart / mtbf) * Math.expm1((interval + checkpoint) / mtbf) * segments;
}

/** Expected completion time when a restart cannot be hit: (M + R)(e^(L/M) - 1) N. F5. */
export function completionTimeImmune(model: ClassicModel): number {
  const { useful, interval, checkpoint, restart, mtbf } = model;
  return (mtbf + restart) * Math.expm1((interval + checkpoint) / mtbf) * (useful / interval);
}

/** Where the time of F4 goes; the parts sum to it. F6. */
export interface CompletionSplit {
  readonly useful: number;
  readonly checkpoint: number;
  readonly lost: number;
  readonly restart: number;
  readonly failures: number;
}

export function splitCompletion(model: ClassicModel): CompletionSplit {
  const { useful, interval, checkpoint, restart, mtbf } = model;
  const segments = useful / interval;
  const length = interval + checkpoint;
  const growth = Math.expm1(length / mtbf);
  return {
    useful,
    checkpoint: segments * checkpoint,
    lost: segments * (mtbf * growth - length),
    restart: segments * mtbf * Math.expm1(restart / mtbf) * growth,
    failures: completionTime(model) / mtbf,
  };
}

/** Mean and variance of the completion time when a restart cannot be hit; N must be an integer. F5, F7. */
export function completionMoments(model: ClassicModel): { mean: number; variance: number } {
  const { useful, interval, checkpoint, restart, mtbf } = model;
  const segments = useful / interval;
  const length = interval + checkpoint;
  const survive = Math.exp(-length / mtbf);
  const fail = -Math.expm1(-length / mtbf);
  const meanTries = fail / survive;
  const varTries = fail / survive ** 2;
  const meanLoss = mtbf - length * survive / fail;
  const squareLoss = (2 * mtbf ** 2 - survive * (length ** 2 + 2 * length * mtbf + 2 * mtbf ** 2)) /
    fail;
  return {
    mean: segments * (length + meanTries * (meanLoss + restart)),
    variance: segments *
      (meanTries * (squareLoss - meanLoss ** 2) + varTries * (meanLoss + restart) ** 2),
  };
}

/** F5 with an exponential restart of the given mean that failures can hit: R becomes the mean. F8. */
export function completionTimeExponentialRestart(model: ClassicModel): number {
  return completionTimeImmune(model);
}

/**
 * Expected time of the job when every failure first costs a downtime D that failures cannot hit and then a
 * restart that they can: e^(R/M) (M + D)(e^(L/M) - 1) per segment (Bougeret et al.). F9.
 */
export function completionTimeWithDowntime(model: ClassicModel & { downtime: number }): number {
  const { useful, interval, checkpoint, restart, mtbf, downtime } = model;
  return Math.exp(restart / mtbf) * (mtbf + downtime) * Math.expm1((interval + checkpoint) / mtbf) *
    (useful / interval);
}
