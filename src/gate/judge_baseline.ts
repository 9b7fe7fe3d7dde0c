import { hodgesLehmannInterval, mannWhitney, smallestP } from "../stats/mann_whitney.ts";
import { hodgesLehmannRatio, median } from "../stats/median.ts";
import { minDetectableEffect, relativeNoise } from "../stats/power.ts";
import { formatNumber, formatRatio } from "../model/units.ts";
import { draft, unusable } from "./draft.ts";
import { differingFingerprint, exactValues, type Observation, type Side } from "./observations.ts";
import type { BaselineRule } from "./rules.ts";
import type { RuleResult } from "./verdict.ts";

/** Fewest runs on each side before a sampled metric is judged. */
export const FEWEST_RUNS = 5;

type SharedPart = { reference: number; runs: [number, number]; delta: number | null };

/** A ratio with at most three digits. */
export const shortRatio = (ratio: number) => formatRatio(Number(ratio.toPrecision(3)));

/**
 * Judges a metric against the baseline's: exact ones exactly, sampled ones by statistics over runs. What a
 * sampled one finds still has to be significant among all of its gate (`adjust.ts`).
 *
 * @param noise Relative run-to-run noise of this machine; raises `minEffect`.
 */
export function judgeBaseline(
  rule: BaselineRule,
  name: string,
  current: Side,
  baseline: Side | null,
  noise: number,
): RuleResult {
  const now = current.observations[name];
  const inconclusive = (reason: string, part: Partial<RuleResult> = {}) =>
    draft(rule, name, now, { ...part, status: "inconclusive", reason });
  if (baseline === null) return inconclusive("there is no baseline");
  const before = baseline.observations[name];
  const problem = unusable(name, current) ?? unusable(name, baseline);
  if (problem !== null) return inconclusive(problem);
  const reference = median(before.values);
  const shared: SharedPart = {
    reference,
    runs: [before.values.length, now.values.length],
    delta: reference === 0 ? null : (median(now.values) - reference) / Math.abs(reference),
  };
  if (now.unit !== before.unit) {
    return inconclusive(`it is in ${now.unit} now and was in ${before.unit}`);
  }
  if (now.better === "none") {
    return inconclusive(`${name} has no better direction: a gate cannot judge it`, shared);
  }
  const isMeasured = [now, before].some((o) => o.nature === "sampled" || o.evidence === "measured");
  const mismatch = isMeasured ? differingFingerprint(current, baseline) : null;
  if (mismatch !== null) {
    return inconclusive(
      `the baseline was measured on another machine: ${mismatch} differs`,
      shared,
    );
  }
  return now.nature === "exact"
    ? judgeExact(rule, name, now, before, shared)
    : judgeSampled(rule, name, now, before, shared, noise);
}

/** `0.5 -> 0.4`, with every digit where fewer would show no difference. */
function fromTo(before: number | bigint, after: number | bigint): string {
  const [a, b] = [formatNumber(Number(before)), formatNumber(Number(after))];
  return a === b ? `${before} -> ${after}` : `${a} -> ${b}`;
}

/** `a - b`, exactly as far as its sign goes. */
function difference(a: number | bigint, b: number | bigint): number {
  if (typeof a === "bigint" && typeof b === "bigint") return Number(a - b);
  const by = Number(a) - Number(b);
  // Mixed comparison is exact where the subtraction of doubles is not.
  return by !== 0 || a == b ? by : a > b ? Number.MIN_VALUE : -Number.MIN_VALUE;
}

function judgeExact(
  rule: BaselineRule,
  name: string,
  now: Observation,
  before: Observation,
  shared: SharedPart,
): RuleResult {
  const [reference, value] = [exactValues(before)[0], exactValues(now)[0]];
  const allowed = Math.abs(shared.reference) * rule.tolerance;
  const worse = now.better === "lower"
    ? difference(value, reference)
    : difference(reference, value);
  const unsteady = [now, before].some((o) => new Set(exactValues(o)).size > 1);
  if (unsteady) {
    return draft(rule, name, now, {
      ...shared,
      status: "error",
      reason: "an exact metric differs between runs of one side: something is not deterministic",
    });
  }
  return draft(rule, name, now, {
    ...shared,
    status: worse > allowed ? "fail" : "pass",
    reason: worse === 0 ? "unchanged" : fromTo(reference, value) +
      (worse > allowed
        ? rule.tolerance === 0 ? ", worse" : `, worse by more than ${formatRatio(rule.tolerance)}`
        : worse > 0
        ? ", within the tolerance"
        : ", better"),
  });
}

function judgeSampled(
  rule: BaselineRule,
  name: string,
  now: Observation,
  before: Observation,
  shared: SharedPart,
  noise: number,
): RuleResult {
  const minDetectable = detectableWith(before.values, now.values, shared.runs);
  if (Math.min(...shared.runs) < FEWEST_RUNS) {
    return draft(rule, name, now, {
      ...shared,
      minDetectable,
      status: "inconclusive",
      reason: tooFew(before.values, now.values, shared.runs),
    });
  }
  const { p } = mannWhitney(before.values, now.values);
  const change = changeOf(before.values, now.values);
  const interval = hodgesLehmannInterval(before.values, now.values);
  const bound = Math.max(rule.minEffect, noise);
  return draft(rule, name, now, {
    ...shared,
    delta: Number.isFinite(change) ? change : null,
    interval: interval === null ? null : [interval[0] - 1, interval[1] - 1],
    p,
    // A change below the bound does not count, however many runs show it.
    minDetectable: minDetectable === null ? null : Math.max(bound, minDetectable),
    status: (now.better === "lower" ? change : -change) > bound ? "fail" : "pass",
    reason: (Number.isFinite(change) ? shortRatio(change) : "it was 0") +
      (interval === null
        ? ""
        : ` (${shortRatio(interval[0] - 1)} to ${shortRatio(interval[1] - 1)})`) +
      ` over ${shared.runs[0]} + ${shared.runs[1]} runs; changes below ${formatRatio(bound)} ` +
      "do not matter",
  });
}

/**
 * Relative change from the one to the other: the Hodges-Lehmann ratio less 1, or, where a value is not
 * positive, the Hodges-Lehmann shift over the size of the reference (infinite when that is 0).
 */
function changeOf(before: readonly number[], now: readonly number[]): number {
  if ([...before, ...now].every((v) => v > 0)) return hodgesLehmannRatio(before, now) - 1;
  const shift = median(before.flatMap((x) => now.map((y) => y - x)));
  return shift === 0 ? 0 : shift / Math.abs(median(before));
}

function tooFew(
  before: readonly number[],
  now: readonly number[],
  runs: readonly [number, number],
): string {
  const more = FEWEST_RUNS - Math.min(...runs);
  const found = detectableWith(before, now, [FEWEST_RUNS, FEWEST_RUNS]);
  return `${runs[0]} against ${runs[1]} runs: ${more} more needed (with these, p cannot fall ` +
    `below ${formatNumber(Number(smallestP(...runs).toPrecision(2)))}` +
    (found === null
      ? ")"
      : `, and ${FEWEST_RUNS} runs a side find changes from ${
        formatRatio(Number(found.toPrecision(2)))
      })`);
}

/**
 * Smallest change that `runs` runs as noisy as these would show with a power of 80 %; null when the noise is
 * unknown.
 */
export function detectableWith(
  before: readonly number[],
  now: readonly number[],
  runs: readonly [number, number],
  alpha = 0.05,
): number | null {
  // One side with several runs is enough to know the noise.
  const known = [relativeNoise(before), relativeNoise(now)].filter((n) => n !== null);
  if (known.length === 0) return null;
  const noise = Math.sqrt(known.reduce((s, n) => s + n * n, 0) / known.length);
  return minDetectableEffect(noise, ...runs, alpha);
}

/** Runs a side with which a change of this size would probably show (power 80 %). */
export function runsToShow(
  before: readonly number[],
  now: readonly number[],
  change: number,
  alpha = 0.05,
): number | null {
  for (let runs = FEWEST_RUNS; runs <= 1000; runs++) {
    const found = detectableWith(before, now, [runs, runs], alpha);
    if (found === null) return null;
    if (found <= change) return runs;
  }
  return null;
}
