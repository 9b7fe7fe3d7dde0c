/** A request of a benchmark with the times measured for it; null where the file does not say. */
export interface TimedRequest {
  readonly at: number;
  readonly output: number;
  readonly ttft: number | null;
  readonly tpot: number | null;
}

/** Positions of the requests that decoded while few ran, and while many did. */
export interface LoadSplit {
  readonly light: readonly number[];
  readonly heavy: readonly number[];
}

/** How far the measured times per token of light load exceed the engine's more than those of heavy load. */
export interface Mismatch {
  /** Measured over replayed at light load, over the same at heavy load; 1 when the overhead is right. */
  readonly ratio: number;
  /** Standard error of the ratio. */
  readonly error: number;
}

export type OverheadFit =
  | { readonly known: true; readonly seconds: number; readonly low: number; readonly high: number }
  | { readonly known: false; readonly reason: string };

const LEAST_REQUESTS = 20;
const POINTS = 8;
/** Width of the interval, in shares of the time per token, up to which a fit counts as determined. */
const WIDEST_SHARE = 0.2;

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Splits a benchmark's requests at the median of how many others ran while they decoded. A step takes
 * overhead + bytes / bandwidth, and only the bytes grow with the load: the time per token at two loads tells
 * one from the other. Null when the file lacks times of single requests, or there are too few.
 */
export function splitByLoad(requests: readonly TimedRequest[]): LoadSplit | null {
  const spans: { index: number; from: number; to: number; tpot: number }[] = [];
  requests.forEach(({ at, output, ttft, tpot }, index) => {
    if (ttft === null || tpot === null || tpot <= 0 || output < 2) return;
    spans.push({ index, from: at + ttft, to: at + ttft + tpot * (output - 1), tpot });
  });
  if (spans.length < LEAST_REQUESTS) return null;
  const loads = spans.map((span) => {
    let shared = 0;
    for (const other of spans) {
      shared += Math.max(0, Math.min(span.to, other.to) - Math.max(span.from, other.from));
    }
    return shared / (span.to - span.from);
  });
  const middle = medianOf(loads);
  const light = spans.filter((_, i) => loads[i] < middle).map((span) => span.index);
  const heavy = spans.filter((_, i) => loads[i] >= middle).map((span) => span.index);
  return Math.min(light.length, heavy.length) < LEAST_REQUESTS / 4 ? null : { light, heavy };
}

/** Relative standard error of a median of normal values: 1.253 times that of their mean. */
function relativeError(values: readonly number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return 1.253 * Math.sqrt(variance / values.length) / mean;
}

/** The mismatch of measured and replayed seconds per token; null when the engine ended too few requests. */
export function mismatchOf(
  split: LoadSplit,
  measured: readonly TimedRequest[],
  replayed: ReadonlyMap<number, number>,
): Mismatch | null {
  const over = (group: readonly number[]) =>
    group.flatMap((index) => {
      const seconds = replayed.get(index);
      return seconds === undefined ? [] : [measured[index].tpot! / seconds];
    });
  const [light, heavy] = [over(split.light), over(split.heavy)];
  if (Math.min(light.length, heavy.length) < LEAST_REQUESTS / 4) return null;
  const ratio = medianOf(light) / medianOf(heavy);
  return { ratio, error: ratio * Math.hypot(relativeError(light), relativeError(heavy)) };
}

/**
 * The iteration overhead with which the engine is right at light and at heavy load.
 *
 * @param most Largest overhead that leaves the memory any time, seconds.
 * @param tpotSeconds Measured median time per token.
 * @param mismatchAt The mismatch at an overhead, everything else fitted again; it falls with the overhead.
 */
export function fitOverhead(
  most: number,
  tpotSeconds: number,
  mismatchAt: (overheadSeconds: number) => Mismatch | null,
): OverheadFit {
  if (most <= 0) {
    return { known: false, reason: "the time per token leaves no time beside the memory's" };
  }
  const points: (Mismatch & { readonly overhead: number })[] = [];
  for (let i = 0; i <= POINTS; i++) {
    const overhead = most * i / POINTS;
    const mismatch = mismatchAt(overhead);
    if (mismatch === null) {
      return { known: false, reason: "the engine decodes too few of the requests" };
    }
    points.push({ overhead, ...mismatch });
  }
  /** Where the ratio, so many errors added, comes down to 1: on the line between the points around it. */
  const root = (errors: number): number => {
    const at = ({ ratio, error }: Mismatch) => ratio + errors * error - 1;
    const after = points.findIndex((point) => at(point) <= 0);
    if (after < 0) return most;
    if (after === 0) return 0;
    const [a, b] = [points[after - 1], points[after]];
    return a.overhead + (b.overhead - a.overhead) * at(a) / (at(a) - at(b));
  };
  const [low, high] = [root(-1), root(1)];
  const inside = points[0].ratio >= 1 - points[0].error && points.at(-1)!.ratio <= 1;
  if (!inside || high - low > WIDEST_SHARE * tpotSeconds) {
    return {
      known: false,
      reason: "the times per token at light and heavy load " +
        (inside
          ? `only say that it lies between ${milliseconds(low)} and ${milliseconds(high)}`
          : "differ as no overhead explains"),
    };
  }
  return { known: true, seconds: root(0), low, high };
}

export function milliseconds(seconds: number): string {
  return `${(1e3 * seconds).toPrecision(3)} ms`;
}
