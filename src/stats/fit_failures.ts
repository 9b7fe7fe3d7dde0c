import { gamma } from "./gamma.ts";
import { fitLemons, type LemonFit } from "./lemon_nodes.ts";
import { normalTail } from "./normal.ts";

/** A Weibull law fitted by maximum likelihood. */
export interface WeibullFit {
  readonly scale: number;
  readonly shape: number;
  readonly mean: number;
}

/**
 * Weibull shape and scale of positive samples by maximum likelihood: Newton's method on the profile
 * equation of the shape, with bisection where a step leaves the bracket.
 *
 * @returns null for fewer than two different samples.
 */
export function fitWeibull(samples: readonly number[]): WeibullFit | null {
  const xs = samples.filter((x) => x > 0);
  if (new Set(xs).size < 2) return null;
  const meanLog = xs.reduce((sum, x) => sum + Math.log(x), 0) / xs.length;
  const largest = Math.max(...xs);
  const equation = (k: number): number => {
    let weight = 0;
    let weighted = 0;
    for (const x of xs) {
      const w = (x / largest) ** k;
      weight += w;
      weighted += w * Math.log(x);
    }
    return weighted / weight - 1 / k - meanLog;
  };
  let [low, high] = [1e-3, 1];
  while (equation(high) < 0 && high < 1e4) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (equation(middle) < 0) low = middle;
    else high = middle;
  }
  const shape = (low + high) / 2;
  const power = xs.reduce((sum, x) => sum + (x / largest) ** shape, 0) / xs.length;
  const scale = largest * power ** (1 / shape);
  return { scale, shape, mean: scale * gamma(1 + 1 / shape) };
}

/** Largest distance between the samples' distribution and a law's (Kolmogorov-Smirnov), 0 to 1. */
export function ksDistance(samples: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  let worst = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    worst = Math.max(worst, Math.abs(p - i / sorted.length), Math.abs((i + 1) / sorted.length - p));
  });
  return worst;
}

/**
 * Chance of a Kolmogorov-Smirnov distance this large under the law (asymptotic, Stephens' correction);
 * optimistic when the law was fitted to the same samples.
 */
export function ksProbability(distance: number, count: number): number {
  const root = Math.sqrt(count);
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let j = 1; j <= 100; j++) {
    sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * j * j * lambda * lambda);
  }
  return Math.min(1, Math.max(0, sum));
}

/** What a failure trace looks like, and how badly an exponential law describes it. */
export interface FailureFit {
  readonly failures: number;
  readonly spanSeconds: number;
  readonly nodes: number;
  readonly mtbfSeconds: number;
  /** Standard deviation of the gaps over their mean: 1 for an exponential law. */
  readonly gapVariation: number;
  /** Variance over mean of the failures in a week: 1 for an exponential law; null below four weeks. */
  readonly weeklyDispersion: number | null;
  /** Failures that share their instant with the one before. */
  readonly zeroGaps: number;
  /** Instants with more than one failure. */
  readonly burstInstants: number;
  /** Most failures at one instant. */
  readonly largestBurst: number;
  readonly exponential: { readonly ksDistance: number; readonly ksProbability: number };
  /** Fit of the gaps above 0; null when there are too few. */
  readonly weibull:
    | (WeibullFit & { readonly ksDistance: number; readonly ksProbability: number })
    | null;
  /** Null when no failure names a node. */
  readonly lemons: LemonFit | null;
  readonly repair: {
    readonly meanSeconds: number;
    readonly medianSeconds: number;
    readonly p90Seconds: number;
    /** Log-normal fit: standard deviation of the logarithm. */
    readonly sigma: number;
    /** Distances of both laws; the nearer one describes the repairs. */
    readonly exponential: { readonly ksDistance: number; readonly ksProbability: number };
    readonly logNormal: { readonly ksDistance: number; readonly ksProbability: number };
  } | null;
}

function normalBelow(z: number): number {
  return z < 0 ? normalTail(-z) : 1 - normalTail(z);
}

const WEEK_SECONDS = 7 * 86_400;

/** Fano factor of the weekly counts. */
function weeklyDispersion(starts: ArrayLike<number>, spanSeconds: number): number | null {
  const weeks = Math.floor(spanSeconds / WEEK_SECONDS);
  if (weeks < 4) return null;
  const counts = new Array<number>(weeks).fill(0);
  for (let i = 0; i < starts.length; i++) {
    const week = Math.floor((starts[i] - starts[0]) / WEEK_SECONDS);
    if (week < weeks) counts[week]++;
  }
  const mean = counts.reduce((sum, n) => sum + n, 0) / weeks;
  const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (weeks - 1);
  return mean > 0 ? variance / mean : null;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/**
 * Fits a failure trace.
 *
 * @param starts Failure times, ascending, seconds.
 * @param nodes Dense node of each, -1 where unknown.
 * @param downs Down time of each, NaN where unknown.
 * @param clusterNodes Nodes of the cluster, those that never failed included; the failing ones when absent.
 * @throws {RangeError} for fewer than three failures.
 */
export function fitFailures(
  starts: ArrayLike<number>,
  nodes: ArrayLike<number>,
  downs: ArrayLike<number>,
  spanSeconds: number,
  clusterNodes?: number,
): FailureFit {
  const count = starts.length;
  if (count < 3) throw new RangeError(`fitFailures: ${count} failures are too few`);
  const gaps: number[] = [];
  let burst = 1;
  let largestBurst = 1;
  let burstInstants = 0;
  for (let i = 1; i < count; i++) {
    const gap = starts[i] - starts[i - 1];
    gaps.push(gap);
    burst = gap === 0 ? burst + 1 : 1;
    if (burst === 2) burstInstants++;
    largestBurst = Math.max(largestBurst, burst);
  }
  const mean = gaps.reduce((sum, g) => sum + g, 0) / gaps.length;
  const variance = gaps.reduce((sum, g) => sum + (g - mean) ** 2, 0) / (gaps.length - 1);
  const positive = gaps.filter((g) => g > 0);
  const law = (samples: readonly number[], cdf: (x: number) => number) => {
    const distance = ksDistance(samples, cdf);
    return { ksDistance: distance, ksProbability: ksProbability(distance, samples.length) };
  };
  const weibull = fitWeibull(positive);
  const perNode = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    if (nodes[i] >= 0) perNode.set(nodes[i], (perNode.get(nodes[i]) ?? 0) + 1);
  }
  const repairs = Array.from(downs).filter((d) => d > 0).sort((a, b) => a - b);
  const logs = repairs.map(Math.log);
  const meanLog = logs.reduce((sum, x) => sum + x, 0) / logs.length;
  const sigma = Math.sqrt(logs.reduce((sum, x) => sum + (x - meanLog) ** 2, 0) / logs.length);
  const meanRepair = repairs.reduce((sum, d) => sum + d, 0) / repairs.length;
  return {
    failures: count,
    spanSeconds,
    nodes: Math.max(perNode.size, clusterNodes ?? 0),
    mtbfSeconds: spanSeconds / count,
    gapVariation: Math.sqrt(variance) / mean,
    weeklyDispersion: weeklyDispersion(starts, spanSeconds),
    zeroGaps: gaps.length - positive.length,
    burstInstants,
    largestBurst,
    exponential: law(gaps, (x) => -Math.expm1(-x / mean)),
    weibull: weibull === null ? null : {
      ...weibull,
      ...law(positive, (x) => -Math.expm1(-((x / weibull.scale) ** weibull.shape))),
    },
    lemons: fitLemons([...perNode.values()], clusterNodes),
    repair: repairs.length < 2 ? null : {
      meanSeconds: meanRepair,
      medianSeconds: quantile(repairs, 0.5),
      p90Seconds: quantile(repairs, 0.9),
      sigma,
      exponential: law(repairs, (x) => -Math.expm1(-x / meanRepair)),
      logNormal: law(repairs, (x) => normalBelow((Math.log(x) - meanLog) / (sigma || 1e-9))),
    },
  };
}
