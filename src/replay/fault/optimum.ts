/**
 * Closed forms of the best checkpoint interval: useful seconds tau between two checkpoints that block for
 * delta seconds, when failures come with mean time M between them. All times in one unit.
 */

/** Young (1974): sqrt(2 delta M). Formula F1. */
export function youngInterval(delta: number, mtbf: number): number {
  return Math.sqrt(2 * delta * mtbf);
}

/**
 * Daly (2006), higher-order: sqrt(2 delta M)[1 + (1/3) sqrt(delta/2M) + (1/9) delta/2M] - delta while
 * delta < 2M, else M. Formula F2.
 */
export function dalyInterval(delta: number, mtbf: number): number {
  if (delta >= 2 * mtbf) return mtbf;
  const ratio = delta / (2 * mtbf);
  return Math.sqrt(2 * delta * mtbf) * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - delta;
}

/**
 * The exact minimum of the expected completion time F4: M (1 + W0(-exp(-1 - delta/M))); it does not depend
 * on the restart time. Formula F3.
 */
export function exactInterval(delta: number, mtbf: number): number {
  return mtbf * (1 + lambertW0(-Math.exp(-1 - delta / mtbf)));
}

/**
 * Principal branch of the Lambert W function, w e^w = x, for x >= -1/e, by Halley's iteration from the
 * series at the branch point or from log1p.
 *
 * @throws {RangeError} for x below -1/e.
 */
export function lambertW0(x: number): number {
  const edge = 2 * (Math.E * x + 1);
  if (edge < -1e-12) throw new RangeError(`lambertW0: ${x} is below -1/e`);
  const p = Math.sqrt(Math.max(0, edge));
  let w = x < -0.25 ? -1 + p - p * p / 3 + 11 * p ** 3 / 72 : Math.log1p(x);
  for (let i = 0; i < 50; i++) {
    const e = Math.exp(w);
    const f = w * e - x;
    if (f === 0) break;
    const step = f / (e * (w + 1) - (w + 2) * f / (2 * w + 2 || 1e-300));
    if (!Number.isFinite(step)) break;
    w -= step;
    if (Math.abs(step) <= 1e-16 * Math.max(1, Math.abs(w))) break;
  }
  return w;
}
