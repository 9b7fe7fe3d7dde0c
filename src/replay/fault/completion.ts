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
