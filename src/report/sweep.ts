import type { MetricUnit } from "../model/metric.ts";
import { resultLabels } from "../model/result_labels.ts";
import type { PolicyResult, ReplayDocument } from "../model/results.ts";

/** A metric over a swept parameter, as the chart `sweep` takes it. */
export interface SweepCurve {
  readonly parameter: string;
  /** Unit of the parameter where its values were written with one. */
  readonly xUnit: MetricUnit | null;
  readonly rows: readonly {
    readonly x: number;
    readonly y: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly series: string;
    /** 1 where the result does not depend on the parameter and is drawn all along it. */
    readonly fixed: number;
  }[];
}

/** Most lines of one picture: more cannot be told apart. */
const MOST_LINES = 6;

const UNITS: readonly (readonly [MetricUnit, RegExp])[] = [
  ["bytesPerSecond", /[0-9]\s*[kmgtp]?i?b(\/s|ps)\s*$/i],
  ["bytes", /[0-9]\s*[kmgtp]?i?b\s*$/i],
  ["seconds", /[0-9]\s*(ns|us|µs|ms|sec|min|s|m|h|d|w|y)\s*$/],
];

/** The unit that all values were written in, null when some are bare numbers or differ. */
function unitOf(texts: readonly string[]): MetricUnit | null {
  return UNITS.find(([, written]) => texts.every((text) => written.test(text)))?.[0] ?? null;
}

function sweeps(result: PolicyResult, key: string): boolean {
  return result.swept?.[key] !== undefined && typeof result.params[key] === "number";
}

/** The policy with what else was swept of it. */
function seriesOf({ policy, swept, legend }: PolicyResult, parameter: string): string {
  const others = Object.entries(swept ?? {}).filter(([key]) => key !== parameter)
    .map(([key, value]) => `${key}=${value}`);
  return [policy, ...others].join(" ") + (legend.lossy ? " (lossy)" : "");
}

/**
 * The metric of the ranking over each parameter that was swept through at least two numbers, a line for each
 * policy (and each value of what else was swept), the best ones first. A policy that does not have the
 * parameter is level.
 */
export function sweepCurves({ results, ranking }: ReplayDocument): SweepCurve[] {
  const keys = new Set(results.flatMap((r) => Object.keys(r.swept ?? {})));
  const labels = resultLabels(results);
  const ordered = ranking.order.map(({ result }) => result);
  return [...keys].flatMap((parameter): SweepCurve[] => {
    const swept = results.filter((r) => sweeps(r, parameter));
    const values = [...new Set(swept.map((r) => Number(r.params[parameter])))];
    if (values.length < 2) return [];
    const ends = [Math.min(...values), Math.max(...values)];
    const names = new Set<string>();
    const rows = ordered.flatMap((index) => {
      const result = results[index];
      const moves = sweeps(result, parameter);
      const series = moves ? seriesOf(result, parameter) : labels[index];
      if (!names.has(series) && names.size === MOST_LINES) return [];
      names.add(series);
      const metric = result.metrics[ranking.by];
      const known = typeof metric?.value === "number";
      return (moves ? [Number(result.params[parameter])] : ends).map((x) => ({
        x,
        y: known ? Number(metric.value) : null,
        low: metric?.low ?? null,
        high: metric?.high ?? null,
        series,
        fixed: moves ? 0 : 1,
      }));
    });
    const xUnit = unitOf(swept.map((r) => r.swept![parameter]));
    return [{ parameter, xUnit, rows: rows.sort((a, b) => a.x - b.x) }];
  });
}
