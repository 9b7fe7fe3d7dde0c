import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, PALETTE } from "./_theme.ts";

/** Rows: `label`, `value`, and `low` and `high` where known. Options: `xTitle`, `format`. */
function build(input: ChartInput) {
  const order = input.rows.map((r) => String(r.label));
  const y = {
    field: "label",
    type: "nominal",
    sort: order,
    title: null,
    axis: { labelLimit: 260, domain: false, ticks: false },
  };
  const bars = {
    mark: { type: "bar", color: PALETTE[0], height: { band: 0.6 } },
    encoding: {
      y,
      x: {
        field: "value",
        type: "quantitative",
        title: input.options.xTitle,
        axis: { tickCount: 6, format: input.options.format ?? "~s" },
      },
    },
  };
  const whiskers = {
    transform: [{ filter: "isValid(datum.low) && isValid(datum.high)" }],
    mark: { type: "rule", strokeWidth: 2, color: PALETTE[1] },
    encoding: {
      y,
      x: { field: "low", type: "quantitative", title: input.options.xTitle },
      x2: { field: "high" },
    },
  };
  const hasIntervals = input.rows.some((r) => r.low !== undefined && r.low !== null);
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 560,
    height: { step: 30 },
    data: { values: input.rows },
    layer: hasIntervals ? [bars, whiskers] : [bars],
    config: CONFIG,
  };
  const digits = (v: unknown) => Number(Number(v).toPrecision(3)).toLocaleString("en-US");
  const shown = input.rows.slice(0, 8).map((r) => `${r.label} ${digits(r.value)}`).join(", ");
  return { spec, description: `${input.title}: ${shown}.` };
}

export const chart: Chart = {
  name: "bars",
  summary: "one bar a name, with a whisker where there is an interval",
  build,
};
