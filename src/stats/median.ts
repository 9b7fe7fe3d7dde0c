/** Median of numbers. @throws {RangeError} when there are none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Hodges-Lehmann estimate of the ratio of two samples: the median over all pairs of b / a. For positive
 * values it is exp of the Hodges-Lehmann shift of the logarithms.
 */
export function hodgesLehmannRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.flatMap((x) => b.map((y) => y / x)));
}
