import type { PhaseUse, RequestShare } from "../model/results.ts";
import type { EnergyBetween } from "./formulas/counter_series.ts";
import { attributeBatch, type TokenWork } from "./formulas/attribution.ts";
import { JOULES_PER_KWH } from "./formulas/units.ts";
import type { Interval } from "./interval.ts";

/** A stretch of a run between two marks. */
export interface Phase {
  readonly name: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Phases of a run from its marks: each lasts until the next, the first from the start of the run. */
export function phasesOf(
  marks: readonly { readonly name: string; readonly timeNs: number }[],
  durationSeconds: number,
): Phase[] {
  const sorted = [...marks].sort((a, b) => a.timeNs - b.timeNs);
  const starts = [
    { name: "start", at: 0 },
    ...sorted.map((m) => ({ name: m.name, at: m.timeNs / 1e9 })),
  ];
  return starts.map(({ name, at }, i) => ({
    name,
    startSeconds: Math.min(at, durationSeconds),
    endSeconds: Math.min(starts[i + 1]?.at ?? durationSeconds, durationSeconds),
  })).filter((p) => p.endSeconds > p.startSeconds);
}

/** Energy of a whole run, and what a kWh of it emits. */
export interface RunEnergy {
  readonly joules: Interval;
  /** The part of it that counters and power samples give. */
  readonly measuredJoules: number;
  /** PUE x grid intensity; null when unknown. */
  readonly gramsPerKwh: Interval | null;
}

/** A phase in numbers; what they stand on is the run's. */
export type PhaseNumbers = Omit<PhaseUse, "evidence" | "provenance">;
export type RequestNumbers = Omit<RequestShare, "evidence" | "provenance">;

/**
 * Energy of each phase: what counters and power samples say of its time, and of what is modelled the share
 * of its time. The phases sum to the run, as far as the samples reach.
 *
 * @param energy Energy by counters between two times, seconds from the start of the run; null when none.
 */
export function phaseUse(
  phases: readonly Phase[],
  durationSeconds: number,
  energy: EnergyBetween | null,
  run: RunEnergy,
): PhaseNumbers[] {
  const { gramsPerKwh } = run;
  return phases.map((p) => {
    const seconds = p.endSeconds - p.startSeconds;
    const measured = energy === null ? 0 : energy(p.startSeconds, p.endSeconds);
    const at = (total: number): number =>
      measured + (total - run.measuredJoules) * (seconds / durationSeconds);
    const joules = at(run.joules.mid);
    const grams = (end: "low" | "mid" | "high"): number | null =>
      gramsPerKwh === null ? null : at(run.joules[end]) / JOULES_PER_KWH * gramsPerKwh[end];
    return {
      name: p.name,
      startSeconds: p.startSeconds,
      endSeconds: p.endSeconds,
      joules,
      joulesLow: at(run.joules.low),
      joulesHigh: at(run.joules.high),
      measuredJoules: energy === null ? null : measured,
      share: run.joules.mid > 0 ? joules / run.joules.mid : null,
      grams: grams("mid"),
      gramsLow: grams("low"),
      gramsHigh: grams("high"),
    };
  });
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/**
 * Energy shared over requests by token work: every request its part, all parts together the whole (W23).
 *
 * @param joules From low to high, which every part then spans in the same proportion.
 * @param grams Carbon of the total, embodied included; null when unknown.
 */
export function requestShare(
  name: string,
  joules: Interval,
  grams: Interval | null,
  requests: readonly TokenWork[],
  outputWeight: number,
): RequestNumbers {
  const total = joules.mid;
  const parts = attributeBatch(total, requests, outputWeight);
  const sum = parts.reduce((a, b) => a + b, 0);
  const sorted = parts.toSorted();
  const input = requests.reduce((a, r) => a + r.inputTokens, 0);
  const output = requests.reduce((a, r) => a + r.outputTokens, 0) * outputWeight;
  const at = (q: number) => quantile(sorted, q);
  const gramsAt = (q: number) => grams === null || total === 0 ? null : at(q) * (grams.mid / total);
  const span = (i: Interval | null) =>
    i === null || i.mid === 0 ? null : { low: i.low / i.mid, high: i.high / i.mid };
  return {
    result: name,
    requests: requests.length,
    outputWeight,
    totalJoules: total,
    sumJoules: sum,
    meanJoules: total / requests.length,
    p50Joules: at(0.5),
    p99Joules: at(0.99),
    maxJoules: sorted[sorted.length - 1],
    p50Grams: gramsAt(0.5),
    p99Grams: gramsAt(0.99),
    joulesSpan: span(joules),
    gramsSpan: span(grams),
    inputShare: input + output > 0 ? input / (input + output) : null,
  };
}
