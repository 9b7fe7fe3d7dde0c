import type { GridSeries } from "../../model/grid_series.ts";
import { formatSeconds } from "../../model/units.ts";
import type { Coefficient, FactorSet } from "../factors/coefficient.ts";
import { seriesGrams, seriesMean, seriesQuantile } from "../formulas/grid_series.ts";

/** When and how the energy was used, where that is known. */
export interface EnergyTime {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Joules of `[from, to)`, when power samples say; null means a constant draw. */
  readonly joules: ((from: number, to: number) => number) | null;
}

/**
 * Puts a grid series in the place of the site's intensity. With a known time it is the mean weighted
 * by the energy of each slot (F4: sum of products, not product of means); without one the mean of the
 * whole series, from its 5 % to its 95 % quantile, since nobody knows when the work will run.
 */
export function withGridSeries(
  factors: FactorSet,
  series: GridSeries,
  label: string,
  time: EnergyTime | null,
): { factors: FactorSet; notes: string[] } {
  const whole = seriesMean(series);
  const notes = [...series.notes];
  let low = seriesQuantile(series, 0.05);
  let high = seriesQuantile(series, 0.95);
  let value = whole.gramsPerKwh!;
  let how = "mean of the whole series over time, 5 % to 95 % of it";
  if (time !== null) {
    const window = seriesMean(series, time.startSeconds, time.endSeconds);
    if (window.coverageRatio >= 0.99) {
      value = window.gramsPerKwh!;
      how = "mean over the time of the run";
      if (time.joules !== null) {
        const { grams, coveredJoules } = seriesGrams(
          series,
          time.joules,
          time.startSeconds,
          time.endSeconds,
        );
        if (coveredJoules > 0) {
          value = grams / (coveredJoules / 3.6e6);
          how = "energy of each slot times its intensity";
        }
      }
      low = value;
      high = value;
    } else {
      notes.push(
        `${label} covers ${
          (window.coverageRatio * 100).toFixed(1)
        } % of the run: the mean of the ` +
          "whole series is taken",
      );
    }
  }
  const id = series.signal === "marginal" ? "site.marginal" : "site.grid";
  const last = series.endSeconds[series.endSeconds.length - 1];
  const coefficient: Coefficient = {
    id,
    value,
    low: Math.min(low, value),
    high: Math.max(high, value),
    unit: "gCO2e/kWh",
    source:
      `${label}: ${series.format}, zone ${series.zone}, ${series.signal}, ${series.scope}; ${how}`,
    asOf: new Date((last - 1) * 1000).toISOString().slice(0, 10),
    licence: "the user's own",
    note: `covers ${formatSeconds(whole.coveredSeconds)}`,
    origin: "user",
  };
  const next = new Map(factors);
  next.set(id, coefficient);
  return { factors: next, notes };
}
