import type { GridSeries } from "../../model/grid_series.ts";

export interface SeriesMean {
  /** Mean weighted by time over the covered part; null when nothing is covered. */
  readonly gramsPerKwh: number | null;
  readonly coveredSeconds: number;
  readonly coverageRatio: number;
}

/** Time-weighted mean of a series over `[from, to)` (Unix seconds), by default over all of it. */
export function seriesMean(series: GridSeries, from?: number, to?: number): SeriesMean {
  const n = series.gramsPerKwh.length;
  const start = from ?? series.startSeconds[0];
  const end = to ?? series.endSeconds[n - 1];
  let sum = 0;
  let covered = 0;
  for (let i = 0; i < n; i++) {
    const seconds = Math.min(end, series.endSeconds[i]) - Math.max(start, series.startSeconds[i]);
    if (seconds <= 0) continue;
    sum += seconds * series.gramsPerKwh[i];
    covered += seconds;
  }
  return {
    gramsPerKwh: covered > 0 ? sum / covered : null,
    coveredSeconds: covered,
    coverageRatio: end > start ? covered / (end - start) : 0,
  };
}

/** Time-weighted quantile of a series: the intensity that holds for at most `q` of the time. */
export function seriesQuantile(series: GridSeries, q: number): number {
  const order = Array.from(series.gramsPerKwh, (_, i) => i)
    .sort((a, b) => series.gramsPerKwh[a] - series.gramsPerKwh[b]);
  const length = (i: number) => series.endSeconds[i] - series.startSeconds[i];
  const total = order.reduce((a, i) => a + length(i), 0);
  let passed = 0;
  for (const i of order) {
    passed += length(i);
    if (passed >= q * total) return series.gramsPerKwh[i];
  }
  return series.gramsPerKwh[order[order.length - 1]];
}

/**
 * The series on slots of equal length from `from` on: each slot the time-weighted mean of what covers
 * it. Stops before the first slot that is not fully covered.
 */
export function resample(
  series: GridSeries,
  slotSeconds: number,
  from: number,
  slots: number,
): Float64Array {
  const out: number[] = [];
  for (let k = 0; k < slots; k++) {
    const mean = seriesMean(series, from + k * slotSeconds, from + (k + 1) * slotSeconds);
    if (mean.gramsPerKwh === null || mean.coverageRatio < 1 - 1e-9) break;
    out.push(mean.gramsPerKwh);
  }
  return Float64Array.from(out);
}

/**
 * Carbon of energy that is known slot by slot against the series (F4): sum of energy x intensity. The
 * part that no slot covers is returned apart.
 *
 * @param energy Energy of `[from, to)` in joules.
 */
export function seriesGrams(
  series: GridSeries,
  energy: (from: number, to: number) => number,
  from: number,
  to: number,
): { grams: number; coveredJoules: number } {
  let grams = 0;
  let covered = 0;
  for (let i = 0; i < series.gramsPerKwh.length; i++) {
    const a = Math.max(from, series.startSeconds[i]);
    const b = Math.min(to, series.endSeconds[i]);
    if (b <= a) continue;
    const joules = energy(a, b);
    covered += joules;
    grams += joules / 3.6e6 * series.gramsPerKwh[i];
  }
  return { grams, coveredJoules: covered };
}
