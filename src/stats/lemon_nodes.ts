import { logGamma } from "./gamma.ts";

/** Nodes with one rate of failures in the time observed; `share` of all nodes. */
interface Part {
  readonly share: number;
  readonly rate: number;
}

/** Share of the nodes that counts as the worst, and that the generator makes lemons. */
const WORST = 0.1;
/** Standard errors by which the worst nodes' share must exceed chance before nodes count as lemons. */
const CLEARLY = 3;
const STEPS = 60;

/** What a law of counts says of the nodes in mean and of the worst tenth. */
function lawOf(parts: readonly Part[], onlyFailing: boolean): { mean: number; worst: number } {
  const largest = Math.max(...parts.map((p) => p.rate));
  const most = Math.ceil(largest + 12 * Math.sqrt(largest) + 20);
  const chance = Float64Array.from({ length: most + 1 }, (_, x) =>
    parts.reduce(
      (sum, { share, rate }) => sum + share * Math.exp(x * Math.log(rate) - rate - logGamma(x + 1)),
      0,
    ));
  if (onlyFailing) {
    const failing = 1 - chance[0];
    chance.forEach((p, x) => chance[x] = x === 0 ? 0 : p / failing);
  }
  const mean = chance.reduce((sum, p, x) => sum + x * p, 0);
  let rest = WORST;
  let worst = 0;
  for (let x = most; x > 0 && rest > 0; x--) {
    const taken = Math.min(chance[x], rest);
    worst += x * taken;
    rest -= taken;
  }
  return { mean, worst: worst / mean };
}

/** Where a rising function passes 0, by bisection on a logarithmic scale. */
function root(rising: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < STEPS; i++) {
    const middle = Math.sqrt(low * high);
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return Math.sqrt(low * high);
}

/** What the failures of nodes say of lemons: few nodes that fail far more often than the others. */
export interface LemonFit {
  /** Share of the failures that the worst tenth of the nodes has. */
  readonly share: number;
  /** The share it would have if all nodes were alike. */
  readonly chanceShare: number;
  /** How much more often a tenth of the nodes fails than the others; null when chance explains the share. */
  readonly factor: number | null;
}

/**
 * Fits the law of the generator to failures by node: Poisson counts, a tenth of the nodes `factor` times as often.
 *
 * @param counts Failures of each node that failed.
 * @param clusterNodes All nodes; unknown: counts are taken as those of nodes that failed at least once.
 * @returns null when too few nodes have names for a tenth of them to be one.
 */
export function fitLemons(
  counts: readonly number[],
  clusterNodes: number | undefined,
): LemonFit | null {
  const onlyFailing = clusterNodes === undefined || clusterNodes < counts.length;
  const nodes = onlyFailing ? counts.length : clusterNodes;
  if (counts.length === 0 || nodes < 1 / WORST) return null;
  const total = counts.reduce((sum, n) => sum + n, 0);
  const ranked = counts.toSorted((a, b) => b - a);
  const share = ranked.slice(0, Math.max(1, Math.round(WORST * nodes)))
    .reduce((sum, n) => sum + n, 0) / total;
  const wanted = total / nodes;
  const law = (factor: number): number => {
    const parts = (rate: number): Part[] =>
      factor === 1 ? [{ share: 1, rate }] : [
        { share: 1 - WORST, rate },
        { share: WORST, rate: factor * rate },
      ];
    const whole = wanted / (1 - WORST + WORST * factor);
    if (!onlyFailing) return lawOf(parts(whole), false).worst;
    // Nodes without a failure are missing: the rate is lower. Where there is none, lemons alone would be left.
    const mean = (rate: number) => lawOf(parts(rate), true).mean;
    let low = whole;
    while (mean(low) > wanted) {
      low *= 0.9;
      if (low < whole / 1000) return 1;
    }
    return lawOf(parts(root((rate) => mean(rate) - wanted, low, whole)), true).worst;
  };
  const chanceShare = law(1);
  const error = Math.sqrt(chanceShare * (1 - chanceShare) / total);
  if (share - chanceShare <= CLEARLY * error) return { share, chanceShare, factor: null };
  // Where every node failed often, its count is its rate: no law is needed.
  const most = (1 - WORST) / WORST * share / (1 - share);
  return { share, chanceShare, factor: root((f) => law(f) - share, 1, most) };
}
