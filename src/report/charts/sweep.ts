import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { axisFor, axisTitle, columnTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, DASHES, PALETTE, SHAPES, threeDigits } from "./_theme.ts";

/** From this ratio of the largest value to the smallest on an axis is logarithmic. */
const LOG_FROM = 16;

function isLog(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least >= LOG_FROM;
}

/** Round places of a logarithmic axis: 1 and 3 of each power of ten. */
function decades(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const places: number[] = [];
  for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power++) {
    places.push(
      ...[1, 3].map((digit) => digit * 10 ** power).filter((p) => p >= least && p <= most),
    );
  }
  return places;
}

type Row = ChartInput["rows"][number];

function textOf(value: number, unit: unknown): string {
  return unit === undefined ? threeDigits(value) : formatInUnit(value, unit as MetricUnit);
}

/** The best and the worst place of every line, or its level. */
function describe(input: ChartInput, names: readonly string[]): string {
  const { xTitle, xUnit, unit, better } = input.options;
  const worse = better === "higher" ? -1 : 1;
  const parts = names.map((name) => {
    const rows = input.rows.filter((r) => r.series === name && r.y !== null)
      .sort((a, b) => worse * (Number(a.y) - Number(b.y)));
    if (rows.length === 0) return `${name} has no value`;
    const [best, worst] = [rows[0], rows[rows.length - 1]];
    const y = (row: Row) => textOf(Number(row.y), unit);
    if (best.fixed === 1) return `${name} does not depend on it: ${y(best)}`;
    if (best.y === worst.y) return `${name} stays at ${y(best)}`;
    const at = (row: Row) => {
      const same = rows.filter((r) => r.y === row.y).map((r) => Number(r.x)).sort((a, b) => a - b);
      const ends = [...new Set([same[0], same[same.length - 1]])];
      return `${y(row)} at ${ends.map((x) => textOf(x, xUnit)).join(" to ")}`;
    };
    return `${name} is best with ${at(best)}, worst with ${at(worst)}`;
  });
  return `${input.title}, over ${String(xTitle)}: ${parts.join("; ")}.`;
}

/**
 * A metric over a swept parameter: a line a policy through the points that were replayed, with the interval
 * of each as a band. Rows: `x`, `y` (null is a gap), `low`, `high`, `series`, and `fixed` (1: level, for the
 * policy does not have the parameter). Options: `xTitle`, `xUnit` and `unit` (of metrics), `yTitle`,
 * `better` (lower or higher), `narrow`.
 */
function build(input: ChartInput) {
  const { rows, options } = input;
  const narrow = options.narrow === 1;
  const names = [...new Set(rows.map((r) => String(r.series)))];
  const places = [...new Set(rows.map((r) => Number(r.x)))].sort((a, b) => a - b);
  const log = isLog(places);
  const largest = Math.max(0, ...rows.map((r) => Math.abs(Number(r.high ?? r.y ?? 0))));
  const xAxis = options.xUnit === undefined
    ? null
    : axisFor(String(options.xUnit), places[places.length - 1]);
  const yAxis = options.unit === undefined ? null : axisFor(String(options.unit), largest);
  const over = (value: Row[string], divide = 1) =>
    value === null || value === undefined ? null : Number(value) / divide;
  const values = rows.map((r) => ({
    x: over(r.x, xAxis?.divide),
    y: over(r.y, yAxis?.divide),
    low: over(r.low, yAxis?.divide),
    high: over(r.high, yAxis?.divide),
    series: r.series,
    fixed: r.fixed,
  }));
  // Ticks stand where something was replayed, as many as there is room for.
  const stride = Math.ceil(places.length / (narrow ? 4 : 9));
  const ticks = places.filter((_, i) => i % stride === 0).map((p) => p / (xAxis?.divide ?? 1));
  const heights = values.flatMap((v) => [v.y, v.low, v.high]).filter((value) => value !== null);
  const logY = isLog(heights);
  const x = {
    field: "x",
    type: "quantitative",
    // A parameter is written as it is set.
    title: `${String(options.xTitle)}${
      xAxis === null || xAxis.unit === "" ? "" : `, ${xAxis.unit}`
    }`,
    scale: { type: log ? "log" : "linear", ...(log ? { base: 2 } : {}), nice: false, zero: false },
    axis: {
      grid: false,
      labelFlush: true,
      labelOverlap: "greedy",
      values: ticks,
      ...(xAxis === null ? { format: "~s" } : { labelExpr: xAxis.labelExpr }),
    },
  };
  const y = {
    field: "y",
    type: "quantitative",
    title: axisTitle(options.yTitle, String(options.unit ?? ""), yAxis?.unit ?? ""),
    // Wide intervals would press the lines flat.
    scale: { type: logY ? "log" : "linear", nice: !logY },
    axis: {
      ...(logY ? { values: decades(heights) } : { tickCount: 5 }),
      ...(yAxis === null ? { format: "~s" } : { labelExpr: yAxis.labelExpr }),
    },
  };
  const legend = names.length < 2 ? null : {
    orient: "top",
    columns: narrow ? 1 : 3,
    symbolType: "stroke",
    symbolSize: 120,
    symbolOpacity: 1,
  };
  const scaled = (range: readonly unknown[]) => ({
    field: "series",
    type: "nominal",
    title: null,
    scale: { domain: names, range },
    legend,
  });
  const color = scaled(PALETTE);
  const banded = values.some((v) => v.low !== null && v.high !== null && v.low !== v.high);
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height: 220,
    data: { values },
    layer: [
      ...(banded
        ? [{
          mark: { type: "area", opacity: 0.1 },
          encoding: {
            x,
            y: { ...y, field: "low" },
            y2: { field: "high" },
            color,
          },
        }]
        : []),
      {
        mark: { type: "line", strokeWidth: 1.8, invalid: "break-paths-show-domains" },
        encoding: { x, y, color, strokeDash: scaled(DASHES) },
      },
      {
        transform: [{ filter: "datum.fixed !== 1" }],
        mark: { type: "point", filled: true, size: 45, opacity: 1 },
        encoding: {
          x,
          y,
          color,
          shape: { ...scaled(SHAPES), legend: null },
        },
      },
    ],
    config: CONFIG,
  };
  return {
    spec,
    description: describe(input, names),
    columns: {
      x: columnTitle(options.xTitle, options.xUnit, "x"),
      y: columnTitle(options.yTitle, options.unit, "y"),
    },
  };
}

export const chart: Chart = {
  name: "sweep",
  summary: "a metric over a swept parameter, a line a policy with its interval",
  build,
};
