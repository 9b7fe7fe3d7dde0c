import { axisTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, DASHES, PALETTE } from "./_theme.ts";

/**
 * Curves over a logarithmic axis with marked places. Rows: `x`, `y`, `series`, and rows with a `mark`: a name
 * that is written at a vertical rule at `x`. Options: `xTitle`, `yTitle`, `format` (a d3 format).
 */
function build(input: ChartInput) {
  const points = input.rows.filter((r) => r.mark === undefined || r.mark === null);
  const marks = input.rows.filter((r) => r.mark !== undefined && r.mark !== null);
  const height = Number(input.options.height ?? 220);
  const names = [...new Set(points.map((r) => String(r.series)))];
  const x = {
    field: "x",
    type: "quantitative",
    title: axisTitle(input.options.xTitle, "", ""),
    scale: { type: "log", nice: false },
    axis: { grid: false, tickCount: 8, format: "~s" },
  };
  const y = {
    field: "y",
    type: "quantitative",
    title: axisTitle(input.options.yTitle, "", ""),
    scale: { zero: false },
    axis: { tickCount: 5, format: input.options.format ?? "~s" },
  };
  const series = {
    color: {
      field: "series",
      type: "nominal",
      title: null,
      scale: { domain: names, range: PALETTE },
      legend: names.length < 2 ? null : { orient: "top", columns: 2, symbolSize: 300 },
    },
    strokeDash: {
      field: "series",
      type: "nominal",
      title: null,
      scale: { domain: names, range: DASHES },
      legend: names.length < 2 ? null : { orient: "top" },
    },
  };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height,
    layer: [
      {
        data: { values: points },
        mark: { type: "line", strokeWidth: 1.8, point: { size: 30, filled: true } },
        encoding: { x, y, ...series },
      },
      {
        data: { values: marks },
        mark: { type: "rule", strokeDash: [4, 3], color: "#8a929c", strokeWidth: 1.4 },
        encoding: { x },
      },
      // Marks lie close together: each name has a line of its own at the foot of the picture.
      ...marks.map((m, i) => ({
        data: { values: [m] },
        mark: { type: "text", align: "left", dx: 5, baseline: "bottom", fontSize: 11 },
        encoding: {
          x,
          y: { value: height - 4 - 15 * i },
          text: { field: "mark", type: "nominal" },
        },
      })),
    ],
    config: CONFIG,
  };
  return { spec, description: `${input.title}: ${describe(points, marks, names)}.` };
}

function describe(
  points: ChartInput["rows"],
  marks: ChartInput["rows"],
  names: readonly string[],
): string {
  const digits = (v: unknown) => Number(Number(v).toPrecision(4)).toLocaleString("en-US");
  const tops = names.map((name) => {
    const own = points.filter((r) => String(r.series) === name && r.y !== null);
    if (own.length === 0) return `${name} has no value`;
    const top = own.reduce((a, b) => Number(b.y) > Number(a.y) ? b : a);
    return `${name} is highest, ${digits(top.y)}, at ${digits(top.x)}`;
  });
  return [...tops, ...marks.map((m) => `${m.mark} at ${digits(m.x)}`)].join("; ");
}

export const chart: Chart = {
  name: "marked_curves",
  summary: "curves over a logarithmic axis, with vertical rules at named places",
  build,
};
