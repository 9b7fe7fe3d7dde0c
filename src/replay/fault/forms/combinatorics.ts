/** Exact counting for placements: who survives k failures of N nodes. */

/** C(n, k) as a bigint; 0 outside 0..n. */
export function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let result = 1n;
  for (let i = 1; i <= Math.min(k, n - k); i++) {
    result = result * BigInt(n - Math.min(k, n - k) + i) / BigInt(i);
  }
  return result;
}

/** a/b as a float, right to 15 digits for bigints of any size. */
export function ratio(a: bigint, b: bigint): number {
  return Number((a * 10n ** 18n) / b) / 1e18;
}

/** k-subsets of a cycle of N nodes without m consecutive members. */
export function circularSubsets(nodes: number, k: number, m: number): bigint {
  if (k === 0) return 1n;
  if (k >= nodes) return m > nodes ? choose(nodes, k) : 0n;
  const free = nodes - k;
  let coefficient = 0n;
  for (let i = 0; i * m <= k; i++) {
    const term = choose(free, i) * choose(k - m * i + free - 1, free - 1);
    coefficient += i % 2 === 0 ? term : -term;
  }
  return coefficient * BigInt(nodes) / BigInt(free);
}

/** Gemini's printed bound on the recovery probability: 1 if k < m else max(0, 1 - N C(N-m,k-m)/(m C(N,k))). */
export function recoveryBound(nodes: number, m: number, k: number): number {
  if (k < m) return 1;
  const fatal = BigInt(nodes) * choose(nodes - m, k - m);
  return Math.max(0, 1 - ratio(fatal, BigInt(m) * choose(nodes, k)));
}

/**
 * Probability that no group of m loses all its members when k of N nodes fail: floor(N/m) groups, the
 * remainder joins the last one (Gemini's group placement).
 */
export function groupRecovery(nodes: number, m: number, k: number): number {
  if (k < m) return 1;
  const groups = Math.floor(nodes / m);
  if (groups === 0) return k < nodes ? 1 : 0;
  const last = m + nodes % m;
  let safe = 0n;
  for (let i = 0; i <= groups - 1; i++) {
    for (let j = 0; j <= 1; j++) {
      const taken = i * m + j * last;
      const term = choose(groups - 1, i) * choose(nodes - taken, k - taken);
      safe += (i + j) % 2 === 0 ? term : -term;
    }
  }
  return ratio(safe, choose(nodes, k));
}

/** The same for a ring: each node's copies lie on the next m-1 nodes. */
export function ringRecovery(nodes: number, m: number, k: number): number {
  return ratio(circularSubsets(nodes, k, m), choose(nodes, k));
}

/** Gemini's wasted time per failure: t_ckpt + 1/(2f) + t_retrieval. */
export function geminiWaste(checkpoint: number, interval: number, retrieve: number): number {
  return checkpoint + interval / 2 + retrieve;
}

/** k-subsets of P nodes in a line without two neighbours. */
export function linearSubsets(nodes: number, k: number): bigint {
  return choose(nodes - k + 1, k);
}

/**
 * Probability that k simultaneous failures over D pipelines of P nodes kill two adjacent nodes of one
 * pipeline (Bamboo: the shadow dies with its node). Cyclic: the last node is shadowed by the first.
 */
export function adjacentFatal(pipelines: number, depth: number, k: number, cyclic = true): number {
  const one = Array.from(
    { length: k + 1 },
    (_, i) => cyclic ? circularSubsets(depth, i, 2) : linearSubsets(depth, i),
  );
  let ways: bigint[] = [1n, ...Array<bigint>(k).fill(0n)];
  for (let d = 0; d < pipelines; d++) {
    ways = ways.map((_, total) => {
      let sum = 0n;
      for (let i = 0; i <= total; i++) sum += one[i] * ways[total - i];
      return sum;
    });
  }
  return 1 - ratio(ways[k], choose(pipelines * depth, k));
}
