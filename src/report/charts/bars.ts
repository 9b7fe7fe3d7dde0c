import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { axisFor, axisTitle, columnTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, MUTED, nameAxis, nameLayer, NARROW_STEP, PALETTE, threeDigits } from "./_theme.ts";

/** Most bars that the sentence names. */
const NAMED = 8;

function textOf(value: number, unit: string | number | undefined): string {
  return unit === undefined ? threeDigits(value) : formatInUnit(value, unit as MetricUnit);
}

/**
 * Rows: `label`, `value`, and `low` and `high` where known. Options: `unit` (of a metric) or `format` (d3),
 * `xTitle`, `best` (label of the bar that stands out).
 */
function build(input: ChartInput) {
  const { unit, best } = input.options;
  const order = input.rows.map((r) => String(r.label));
  const largest = Math.max(0, ...input.rows.map((r) => Math.abs(Number(r.high ?? r.value))));
  const scale = unit === undefined ? null : axisFor(String(unit), largest);
  const divide = scale?.divide ?? 1;
  const scaled = (v: unknown) => v === null || v === undefined ? null : Number(v) / divide;
  const values = input.rows.map((r) => ({
    label: r.label,
    value: scaled(r.value),
    low: scaled(r.low),
    high: scaled(r.high),
    text: textOf(Number(r.value), unit),
    end: Math.max(0, scaled(r.high) ?? 0, scaled(r.value) ?? 0),
    first: best === undefined || r.label === best ? 1 : 0,
  }));
  const narrow = input.options.narrow === 1;
  const y = nameAxis(order, narrow);
  const title = axisTitle(input.options.xTitle, String(unit ?? ""), scale?.unit ?? "");
  const axis = {
    tickCount: narrow ? 3 : 6,
    labelFlush: true,
    ...(scale === null ? { format: input.options.format ?? "~s" } : { labelExpr: scale.labelExpr }),
  };
  const x = (field: string) => ({ field, type: "quantitative", title, axis });
  const hasIntervals = values.some((v) => v.low !== null && v.high !== null && v.low !== v.high);
  const bars = {
    mark: { type: "bar", height: narrow ? 14 : { band: 0.62 }, cornerRadiusEnd: 2 },
    encoding: {
      y,
      x: x("value"),
      color: {
        field: "first",
        type: "nominal",
        legend: null,
        scale: { domain: [1, 0], range: [PALETTE[0], MUTED] },
      },
    },
  };
  const whiskers = {
    transform: [{ filter: "isValid(datum.low) && isValid(datum.high)" }],
    mark: { type: "rule", strokeWidth: 2, color: "currentColor", opacity: 0.7 },
    encoding: { y, x: x("low"), x2: { field: "high" } },
  };
  const labels = {
    mark: { type: "text", align: "left", dx: 6, color: "currentColor" },
    encoding: {
      y,
      x: x("end"),
      text: { field: "text" },
      opacity: { value: 0.9 },
    },
  };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 560,
    height: { step: narrow ? NARROW_STEP : 28 },
    data: { values },
    layer: [
      bars,
      ...(hasIntervals ? [whiskers] : []),
      labels,
      ...(narrow ? [nameLayer(y)] : []),
    ],
    config: CONFIG,
  };
  const shown = values.slice(0, NAMED).map((v) => `${v.label} ${v.text}`).join(", ");
  const more = values.length > NAMED ? `, and ${values.length - NAMED} more` : "";
  return {
    spec,
    description: `${input.title}: ${shown}${more}.`,
    columns: { label: "name", value: columnTitle(input.options.xTitle, unit, "value") },
  };
}

export const chart: Chart = {
  name: "bars",
  summary: "one bar a name, with a whisker where there is an interval",
  build,
};
