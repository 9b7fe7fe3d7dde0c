import { logGamma } from "./gamma.ts";

/** Result of a two-sided t test of two samples. */
export interface TTest {
  readonly t: number;
  readonly degreesOfFreedom: number;
  readonly p: number;
}

const MOST_STEPS = 300;
const TINY = 1e-300;

/** Continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, section 6.4). */
function betaFraction(x: number, a: number, b: number): number {
  const away = (v: number) => Math.abs(v) < TINY ? TINY : v;
  let c = 1;
  let d = 1 / away(1 - (a + b) * x / (a + 1));
  let value = d;
  for (let m = 1; m <= MOST_STEPS; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return value;
}

/** Regularised incomplete beta function I_x(a, b) for x in 0..1. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return x < (a + 1) / (a + b + 2)
    ? front * betaFraction(x, a, b) / a
    : 1 - front * betaFraction(1 - x, b, a) / b;
}

/** Chance that Student's t with so many degrees of freedom is at least |t| away from 0. */
export function twoSidedP(t: number, degreesOfFreedom: number): number {
  return incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);
}

function moments(values: readonly number[]): { mean: number; squares: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, squares: values.reduce((s, v) => s + (v - mean) ** 2, 0) };
}

/**
 * Student's two-sided t test with pooled variance. Where neither sample varies, p is 1 for equal means and 0
 * for different ones; with fewer than three values in all it is 1.
 *
 * @throws {RangeError} when a sample is empty.
 */
export function tTest(a: readonly number[], b: readonly number[]): TTest {
  if (a.length === 0 || b.length === 0) throw new RangeError("tTest: a sample is empty");
  const degreesOfFreedom = a.length + b.length - 2;
  const [x, y] = [moments(a), moments(b)];
  const difference = y.mean - x.mean;
  if (degreesOfFreedom < 1) return { t: 0, degreesOfFreedom, p: 1 };
  const variance = (x.squares + y.squares) / degreesOfFreedom;
  if (variance === 0) {
    const t = difference === 0 ? 0 : Math.sign(difference) * Infinity;
    return { t, degreesOfFreedom, p: difference === 0 ? 1 : 0 };
  }
  const t = difference / Math.sqrt(variance * (1 / a.length + 1 / b.length));
  return { t, degreesOfFreedom, p: twoSidedP(t, degreesOfFreedom) };
}
