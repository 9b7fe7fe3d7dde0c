/** Fewest values on each side of a split: the mean distance within a side needs a pair. */
export const FEWEST_A_SIDE = 2;

/**
 * The best place to cut a series in two by the energy statistic of E-divisive (Matteson and James 2014,
 * section 2, alpha = 1): q(k) = nm/(n+m) (2 E|X-Y| - E|X-X'| - E|Y-Y'|) of the first k values X and the
 * rest Y. Returns null when the series is too short.
 *
 * @returns The index of the first value after the cut, and q there.
 */
export function bestSplit(values: readonly number[]): { index: number; q: number } | null {
  const count = values.length;
  if (count < 2 * FEWEST_A_SIDE) return null;
  const distance = (i: number, j: number) => Math.abs(values[i] - values[j]);
  // Sums of distances over pairs: within the left part, within the right part, across.
  let left = 0;
  let right = 0;
  let across = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) right += distance(i, j);
  }
  let best: { index: number; q: number } | null = null;
  for (let k = 1; k <= count - FEWEST_A_SIDE; k++) {
    // The value k - 1 moves from the right to the left.
    let toLeft = 0;
    let toRight = 0;
    for (let i = 0; i < k - 1; i++) toLeft += distance(i, k - 1);
    for (let j = k; j < count; j++) toRight += distance(k - 1, j);
    left += toLeft;
    right -= toRight;
    across += toRight - toLeft;
    if (k < FEWEST_A_SIDE) continue;
    const [n, m] = [k, count - k];
    const q = n * m / (n + m) *
      (2 * across / (n * m) - 2 * left / (n * (n - 1)) - 2 * right / (m * (m - 1)));
    if (best === null || q > best.q) best = { index: k, q };
  }
  return best;
}
