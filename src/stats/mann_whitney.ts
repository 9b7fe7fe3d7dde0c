import { normalTail } from "./normal.ts";

/** Result of a two-sided Mann-Whitney U test. */
export interface MannWhitney {
  /** U of the first sample. */
  readonly u: number;
  readonly p: number;
  /** `exact` counts every assignment of the ranks; `normal` is the tie-corrected approximation. */
  readonly method: "exact" | "normal";
}

/** Largest n x m whose distribution is counted exactly. */
const MOST_EXACT_PAIRS = 2500;

/**
 * Two-sided Mann-Whitney U test of two samples, exact up to 2500 pairs: by the recurrence of the rank-sum
 * counts without ties (Mann and Whitney 1947), by counting the sums of the mid-ranks when values tie.
 *
 * @throws {RangeError} when a sample is empty.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): MannWhitney {
  if (a.length === 0 || b.length === 0) throw new RangeError("mannWhitney: a sample is empty");
  const ranks = midRanks([...a, ...b]);
  const rankSum = ranks.slice(0, a.length).reduce((x, y) => x + y, 0);
  const u = rankSum - a.length * (a.length + 1) / 2;
  const tied = ranks.some((r) => !Number.isInteger(r)) || new Set(ranks).size < ranks.length;
  if (a.length * b.length <= MOST_EXACT_PAIRS) {
    const p = tied
      ? exactWithTies(rankSum, ranks, a.length)
      : exactWithoutTies(u, a.length, b.length);
    return { u, p, method: "exact" };
  }
  return { u, p: normalApproximation(u, a.length, b.length, ranks), method: "normal" };
}

/** Ranks from 1; equal values get the mean of their ranks. */
function midRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((x, y) => values[x] - values[y]);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]] === values[order[from]]) to++;
    for (let i = from; i <= to; i++) ranks[order[i]] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) result = result * (n - Math.min(k, n - k) + i) / i;
  return result;
}

/** How many assignments of n + m ranks without ties give each U: the coefficients of the Gaussian binomial. */
function countsOfU(n: number, m: number): Float64Array {
  const top = n * m;
  let counts = new Float64Array(top + 1);
  counts[0] = 1;
  // Multiply by (1 - q^(m+i)) and divide by (1 - q^i), for i = 1..n.
  for (let i = 1; i <= n; i++) {
    const next = counts.slice();
    for (let k = top; k >= m + i; k--) next[k] -= next[k - m - i];
    for (let k = i; k <= top; k++) next[k] += next[k - i];
    counts = next;
  }
  return counts;
}

function exactWithoutTies(u: number, n: number, m: number): number {
  const counts = countsOfU(n, m);
  const low = Math.min(u, n * m - u);
  let tail = 0;
  for (let k = 0; k <= low; k++) tail += counts[k];
  return Math.min(1, 2 * tail / binomial(n + m, n));
}

/**
 * Hodges-Lehmann interval of the ratio b / a with at least the given confidence: the Mann-Whitney test turned
 * round (Hollander and Wolfe 1999, section 4.3). Null where so few values cannot give one, or a value is not
 * positive.
 */
export function hodgesLehmannInterval(
  a: readonly number[],
  b: readonly number[],
  alpha = 0.05,
): [low: number, high: number] | null {
  if ([...a, ...b].some((v) => !(v > 0)) || a.length * b.length > MOST_EXACT_PAIRS) return null;
  const counts = countsOfU(a.length, b.length);
  const all = binomial(a.length + b.length, a.length);
  let cut = 0;
  for (let tail = counts[0]; 2 * tail / all <= alpha; tail += counts[cut]) cut++;
  if (cut === 0) return null;
  const ratios = a.flatMap((x) => b.map((y) => y / x)).sort((x, y) => x - y);
  return [ratios[cut - 1], ratios[ratios.length - cut]];
}

/** Share of all assignments whose rank sum lies at least as far from the mean, over doubled mid-ranks. */
function exactWithTies(rankSum: number, ranks: readonly number[], n: number): number {
  const doubled = ranks.map((rank) => Math.round(2 * rank));
  const top = doubled.toSorted((x, y) => y - x).slice(0, n).reduce((x, y) => x + y, 0);
  // ways[k][s]: choices of k ranks with the sum s.
  const ways = Array.from({ length: n + 1 }, () => new Float64Array(top + 1));
  ways[0][0] = 1;
  doubled.forEach((rank, taken) => {
    for (let k = Math.min(n, taken + 1); k >= 1; k--) {
      const [into, from] = [ways[k], ways[k - 1]];
      for (let sum = top; sum >= rank; sum--) into[sum] += from[sum - rank];
    }
  });
  const mean = n * (ranks.length + 1);
  const distance = Math.abs(2 * rankSum - mean);
  let extreme = 0;
  let total = 0;
  ways[n].forEach((count, sum) => {
    total += count;
    if (Math.abs(sum - mean) >= distance - 0.5) extreme += count;
  });
  return extreme / total;
}

function normalApproximation(u: number, n: number, m: number, ranks: readonly number[]): number {
  const size = n + m;
  const groups = new Map<number, number>();
  for (const r of ranks) groups.set(r, (groups.get(r) ?? 0) + 1);
  const ties = [...groups.values()].reduce((s, t) => s + t ** 3 - t, 0);
  const variance = n * m / 12 * (size + 1 - ties / (size * (size - 1)));
  if (variance <= 0) return 1;
  const z = Math.max(0, Math.abs(u - n * m / 2) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * normalTail(z));
}

/** The smallest two-sided p that samples of these sizes can give without ties. */
export function smallestP(n: number, m: number): number {
  return Math.min(1, 2 / binomial(n + m, n));
}
