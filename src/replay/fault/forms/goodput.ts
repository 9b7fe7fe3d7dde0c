/** Long-run goodput in closed form. All times of one call are in one unit. */

export interface AsyncModel {
  /** Useful time between checkpoints, tau. */
  readonly interval: number;
  /** Blocking time of a checkpoint, delta. */
  readonly block: number;
  /** Time from the end of the block until the checkpoint is durable, p. */
  readonly persist: number;
  /** Restart time, R. */
  readonly restart: number;
  /** Mean time between failures, M. */
  readonly mtbf: number;
}

/** Two-phase checkpoints, exponential failures: tau e^(-p/M) / ((M + R)(e^(L/M) - 1)). F10; p = 0 is F5. */
export function asyncGoodput(m: AsyncModel): number {
  const growth = Math.expm1((m.interval + m.block) / m.mtbf);
  return m.interval * Math.exp(-m.persist / m.mtbf) / ((m.mtbf + m.restart) * growth);
}

/**
 * Any renewal law of failures: tau sum_{j>=1} S(j L + p) / (E[X] + R), S the survival function of the time
 * between failures. F11.
 *
 * @param survival S(t), falling from 1 to 0.
 */
export function renewalGoodput(m: AsyncModel, survival: (time: number) => number): number {
  const length = m.interval + m.block;
  let sum = 0;
  // 10^8 segments between two failures is beyond any real job; the tail below 1e-17 changes no digit.
  for (let j = 1; j < 1e8; j++) {
    const term = survival(j * length + m.persist);
    sum += term;
    if (term < 1e-17) break;
  }
  return m.interval * sum / (m.mtbf + m.restart);
}

/** Survival function of the Weibull law. */
export function weibullSurvival(scale: number, shape: number): (time: number) => number {
  return (time) => Math.exp(-((time / scale) ** shape));
}

/** NVIDIA's (Saxena) checkpoint interval Tc = Ts + sqrt(2 (Tf + Tr) Ts + Ts^2). F13, arXiv 2410.18124. */
export function saxenaInterval(save: number, failure: number, restore: number): number {
  return save + Math.sqrt(2 * (failure + restore) * save + save ** 2);
}

/**
 * Meta's expected effective training time ratio (1 - N r_f (u0 + dt/2)) / (1 + w/dt), clamped at 0. F14.
 * First order: it leaves F5 when N r_f dt passes 0.2.
 *
 * @param failuresPerTime N r_f, failures of the whole job per unit of time.
 */
export function metaEttr(
  failuresPerTime: number,
  restart: number,
  interval: number,
  write: number,
): number {
  return Math.max(0, 1 - failuresPerTime * (restart + interval / 2)) / (1 + write / interval);
}

/** Each failure costs `lost + restart` and nothing else does: 1 / (1 + (t_lost + R)/M). F15. */
export function lossGoodput(lost: number, restart: number, mtbf: number): number {
  return 1 / (1 + (lost + restart) / mtbf);
}

export interface TwoLevelModel {
  /** Length of a segment that ends in memory, Lm: training and block. */
  readonly segment: number;
  /** Useful time of a segment. */
  readonly useful: number;
  /** Segments per remote checkpoint, n. */
  readonly segmentsPerRemote: number;
  readonly mtbf: number;
  /** Share of failures that memory does not survive, h. */
  readonly remoteShare: number;
  /** Restart from memory, R1, and from remote storage, R2. */
  readonly restartMemory: number;
  readonly restartRemote: number;
}

/** Expected time of a cycle of n segments between two remote checkpoints, and its goodput. F12. */
export function twoLevel(m: TwoLevelModel): { cycle: number; goodput: number } {
  const s = Math.exp(-m.segment / m.mtbf);
  const fail = -Math.expm1(-m.segment / m.mtbf);
  const { remoteShare: h, segmentsPerRemote: n } = m;
  const g = s + fail * h;
  const restart = (1 - h) * m.restartMemory + h * m.restartRemote;
  const perSegment = (m.mtbf * fail + fail * restart) / g;
  // 1 - rho without cancellation: rho = s/g = 1 - fail h / g.
  const gap = fail * h / g;
  const cycle = gap === 0 ? perSegment * n : perSegment * Math.expm1(-n * Math.log1p(-gap)) / gap;
  return { cycle, goodput: n * m.useful / cycle };
}
