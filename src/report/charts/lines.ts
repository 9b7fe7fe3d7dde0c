import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, DASHES, PALETTE } from "./_theme.ts";

/** Below this, the points of a line are marked. */
const FEW_POINTS = 3;

function knownOf(input: ChartInput, name: string): number {
  return input.rows.filter((r) => String(r.series) === name && r.y !== null).length;
}

/** Rows: `x`, `y` (null is a gap) and `series`. Options: `xTitle`, `yTitle`, `format` (a d3 format). */
function build(input: ChartInput) {
  const names = [...new Set(input.rows.map((r) => String(r.series)))];
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height: Number(input.options.height ?? 180),
    data: { values: input.rows },
    mark: {
      type: "line",
      interpolate: "linear",
      strokeWidth: 1.6,
      // A line of one point has no length: without a mark it would not be seen.
      point: names.some((name) => knownOf(input, name) < FEW_POINTS) && { size: 40, filled: true },
      invalid: "break-paths-show-domains",
    },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: input.options.xTitle,
        axis: { grid: false, tickCount: 8, format: input.options.xFormat ?? "~s" },
        scale: { nice: false },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: input.options.yTitle,
        axis: { tickCount: 4, format: input.options.format ?? "~s" },
      },
      ...(names.length < 2 ? {} : {
        color: {
          field: "series",
          type: "nominal",
          title: null,
          scale: { domain: names, range: PALETTE },
          legend: { orient: "top", columns: 3, symbolSize: 300 },
        },
        strokeDash: {
          field: "series",
          type: "nominal",
          title: null,
          scale: { domain: names, range: DASHES },
        },
      }),
    },
    config: { ...CONFIG, line: { color: PALETTE[0] } },
  };
  const parts = names.map((name) => {
    const ys = input.rows.filter((r) => String(r.series) === name && r.y !== null).map((r) =>
      Number(r.y)
    );
    if (ys.length === 0) return `${name} has no value`;
    const digits = (v: number) => Number(v.toPrecision(3)).toLocaleString("en-US");
    return `${name} runs from ${digits(Math.min(...ys))} to ${digits(Math.max(...ys))}`;
  });
  return { spec, description: `${input.title}: ${parts.join("; ")}.` };
}

export const chart: Chart = {
  name: "lines",
  summary: "values over an axis, a line a series, told apart by colour and dashes",
  build,
};
