import type { PhaseUse, RequestShare } from "../model/results.ts";
import type { EnergyBetween } from "./formulas/counter_series.ts";
import { attributeBatch, type TokenWork } from "./formulas/attribution.ts";
import { JOULES_PER_KWH } from "./formulas/units.ts";

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

/**
 * Energy of each phase: what counters and power samples say of its time, and of what is modelled the share
 * of its time. The phases sum to the run, as far as the samples reach.
 *
 * @param energy Energy by counters between two times, seconds from the start of the run; null when none.
 * @param totalJoules Energy of the whole run; `measuredJoules` of it by those counters.
 * @param gramsPerKwh PUE x grid intensity; null when unknown.
 */
export function phaseUse(
  phases: readonly Phase[],
  durationSeconds: number,
  energy: EnergyBetween | null,
  totalJoules: number,
  measuredJoules: number,
  gramsPerKwh: number | null,
): PhaseUse[] {
  return phases.map((p) => {
    const seconds = p.endSeconds - p.startSeconds;
    const measured = energy === null ? 0 : energy(p.startSeconds, p.endSeconds);
    const modelled = (totalJoules - measuredJoules) * (seconds / durationSeconds);
    const joules = measured + modelled;
    return {
      name: p.name,
      startSeconds: p.startSeconds,
      endSeconds: p.endSeconds,
      joules,
      measuredJoules: energy === null ? null : measured,
      share: totalJoules > 0 ? joules / totalJoules : null,
      grams: gramsPerKwh === null ? null : joules / JOULES_PER_KWH * gramsPerKwh,
    };
  });
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/**
 * Energy shared over requests by token work: every request its part, all parts together the whole (W23).
 *
 * @param gramsPerJoule Carbon of the total over its energy, embodied included; null when unknown.
 */
export function requestShare(
  name: string,
  joules: number,
  gramsPerJoule: number | null,
  requests: readonly TokenWork[],
  outputWeight: number,
): RequestShare {
  const parts = attributeBatch(joules, requests, outputWeight);
  const sum = parts.reduce((a, b) => a + b, 0);
  const sorted = parts.toSorted();
  const input = requests.reduce((a, r) => a + r.inputTokens, 0);
  const output = requests.reduce((a, r) => a + r.outputTokens, 0) * outputWeight;
  const at = (q: number) => quantile(sorted, q);
  return {
    result: name,
    requests: requests.length,
    outputWeight,
    totalJoules: joules,
    sumJoules: sum,
    meanJoules: joules / requests.length,
    p50Joules: at(0.5),
    p99Joules: at(0.99),
    maxJoules: sorted[sorted.length - 1],
    p50Grams: gramsPerJoule === null ? null : at(0.5) * gramsPerJoule,
    p99Grams: gramsPerJoule === null ? null : at(0.99) * gramsPerJoule,
    inputShare: input + output > 0 ? input / (input + output) : null,
  };
}
