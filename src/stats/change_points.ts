import { bestSplit } from "./e_divisive.ts";
import { tTest } from "./student_t.ts";

/** A place where the level of a series changes. */
export interface ChangePoint {
  /** Index of the first value of the new level. */
  readonly index: number;
  /** Student's t test of the values between the neighbouring change points. */
  readonly p: number;
  /** Means of the levels before and after. */
  readonly before: number;
  readonly after: number;
}

export interface ChangePointOptions {
  /** Values looked at together: short windows find changes of long series that have many. */
  readonly window: number;
  /** A change point's p value lies below this. */
  readonly maxP: number;
  /** Relative change below which a change point is dropped. */
  readonly minMagnitude: number;
}

export const DEFAULT_CHANGE_POINTS: ChangePointOptions = {
  window: 50,
  maxP: 0.001,
  minMagnitude: 0,
};

/**
 * Change points of a series, as Apache Otava finds them: E-divisive in sliding windows, Student's t test in
 * the place of random permutations (so that the same series always gives the same answer), a first pass with
 * a weaker bound, and then the weakest points dropped one by one, their neighbours tested again each time.
 */
export function changePoints(
  values: readonly number[],
  options: ChangePointOptions = DEFAULT_CHANGE_POINTS,
): ChangePoint[] {
  const weakP = options.maxP < 0.05 ? options.maxP * 10 : Math.min(1, options.maxP * 2);
  let indexes = weakPoints(values, options.window, weakP);
  while (indexes.length > 0) {
    const points = indexes.map((_, i) => describe(values, indexes, i));
    const weakest = points.reduce((a, b) => b.p > a.p ? b : a);
    const smallest = points.reduce((a, b) => magnitude(b) < magnitude(a) ? b : a);
    const drop = weakest.p >= options.maxP
      ? weakest
      : magnitude(smallest) <= options.minMagnitude
      ? smallest
      : null;
    if (drop === null) return points;
    indexes = indexes.filter((i) => i !== drop.index);
  }
  return [];
}

/** Relative size of a change, the larger of the two ways to see it. */
function magnitude({ before, after }: ChangePoint): number {
  const [low, high] = [Math.min(before, after), Math.max(before, after)];
  if (low === high) return 0;
  return low <= 0 ? Infinity : high / low - 1;
}

function describe(
  values: readonly number[],
  indexes: readonly number[],
  place: number,
): ChangePoint {
  const index = indexes[place];
  const left = values.slice(indexes[place - 1] ?? 0, index);
  const right = values.slice(index, indexes[place + 1] ?? values.length);
  const mean = (part: readonly number[]) => part.reduce((a, b) => a + b, 0) / part.length;
  return { index, p: tTest(left, right).p, before: mean(left), after: mean(right) };
}

function weakPoints(values: readonly number[], window: number, maxP: number): number[] {
  const found = new Set<number>();
  const step = Math.max(1, Math.floor(window / 2));
  for (let start = 0; start < values.length;) {
    const inside = divide(values.slice(start, start + window), maxP).map((i) => i + start);
    for (const index of inside) found.add(index);
    start = Math.max(inside.at(-1) ?? 0, start + step);
  }
  return [...found].sort((a, b) => a - b);
}

/** Cuts a window at its best split as long as that split is significant, then its parts alike. */
function divide(values: readonly number[], maxP: number): number[] {
  const split = bestSplit(values);
  if (split === null) return [];
  const [left, right] = [values.slice(0, split.index), values.slice(split.index)];
  if (tTest(left, right).p >= maxP) return [];
  return [
    ...divide(left, maxP),
    split.index,
    ...divide(right, maxP).map((i) => i + split.index),
  ];
}
