import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, MUTED, nameAxis, nameLayer, NARROW_STEP, PALETTE } from "./_theme.ts";

/** Width of one panel on a wide page, of three beside each other. */
const PANEL = 150;

/**
 * The same names under several metrics, a panel a metric with a scale of its own. Rows: `label`, `panel`,
 * `value`, `unit`, `best` (1 where the value is the best of its panel). Options: `narrow`.
 */
function build(input: ChartInput) {
  const labels = [...new Set(input.rows.map((r) => String(r.label)))];
  const panels = [...new Set(input.rows.map((r) => String(r.panel)))];
  const narrow = input.options.narrow === 1;
  const values = input.rows.map((r) => ({
    label: r.label,
    panel: r.panel,
    value: r.value,
    best: r.best,
    text: formatInUnit(Number(r.value), String(r.unit) as MetricUnit),
  }));
  // Every panel starts at 0 and leaves room for the text beside its longest bar.
  const y = nameAxis(labels, narrow);
  const x = { field: "share", type: "quantitative", axis: null, scale: { domain: [0, 1.6] } };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values },
    transform: [
      { joinaggregate: [{ op: "max", field: "value", as: "most" }], groupby: ["panel"] },
      { calculate: "datum.most > 0 ? datum.value / datum.most : 0", as: "share" },
    ],
    facet: { field: "panel", type: "nominal", title: null, sort: panels },
    columns: narrow ? 1 : 3,
    spacing: { row: 18, column: 24 },
    spec: {
      width: narrow ? 320 : PANEL,
      height: { step: narrow ? NARROW_STEP : 22 },
      layer: [
        {
          mark: { type: "bar", height: narrow ? 14 : { band: 0.6 }, cornerRadiusEnd: 2 },
          encoding: {
            y,
            x,
            color: {
              field: "best",
              type: "nominal",
              legend: null,
              scale: { domain: [1, 0], range: [PALETTE[0], MUTED] },
            },
          },
        },
        {
          mark: { type: "text", align: "left", dx: 5, color: "currentColor" },
          encoding: { y, x, text: { field: "text" } },
        },
        ...(narrow ? [nameLayer(y)] : []),
      ],
    },
    config: CONFIG,
  };
  const winners = panels.map((panel) => {
    const inside = values.filter((v) => v.panel === panel);
    const best = inside.filter((v) => v.best === 1);
    return best.length === 0 || best.length === inside.length
      ? `${panel} is alike`
      : `${panel} is best with ${best.map((b) => `${b.label} (${b.text})`).join(" and ")}`;
  });
  return {
    spec,
    description: `${input.title}: ${winners.join("; ")}.`,
    columns: { panel: "metric", label: "policy" },
  };
}

export const chart: Chart = {
  name: "small_multiples",
  summary: "the same names under several metrics, a panel a metric",
  build,
};
