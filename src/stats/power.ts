import { smallestP } from "./mann_whitney.ts";
import { normalQuantile } from "./normal.ts";

/** Standard deviation with n - 1; 0 for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1));
}

/**
 * Relative run-to-run noise of positive values: the standard deviation of their logarithms, which for small
 * noise is the coefficient of variation. Null when a value is not positive or there are fewer than two.
 */
export function relativeNoise(values: readonly number[]): number | null {
  if (values.length < 2 || values.some((v) => !(v > 0))) return null;
  return standardDeviation(values.map(Math.log));
}

/**
 * Smallest relative change that a two-sided Mann-Whitney test of n against m runs finds with the given
 * power: exp((z(1 - alpha/2) + z(power)) s sqrt((1/n + 1/m) pi/3)) - 1. The factor pi/3 is the test's
 * asymptotic efficiency against the t test (Hodges and Lehmann 1956); few runs need somewhat more.
 *
 * @param noise Relative run-to-run noise s, as a ratio.
 */
export function minDetectableEffect(
  noise: number,
  n: number,
  m: number,
  alpha = 0.05,
  power = 0.8,
): number {
  const z = normalQuantile(1 - alpha / 2) + normalQuantile(power);
  return Math.expm1(z * noise * Math.sqrt((1 / n + 1 / m) * Math.PI / 3));
}

/** Fewest runs a side with which a test among `tests` others (Holm) can fall below alpha at all. */
export function fewestRuns(tests: number, alpha = 0.05): number {
  let runs = 2;
  while (smallestP(runs, runs) * tests >= alpha) runs++;
  return runs;
}
