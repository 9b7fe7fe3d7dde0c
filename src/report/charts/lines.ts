import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { axisFor, axisTitle, columnTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, DASHES, PALETTE, threeDigits } from "./_theme.ts";

/** Below this, the points of a line are marked. */
const FEW_POINTS = 3;
/** Units that a number is never read without. */
const SPOKEN = new Set([
  "bytes",
  "seconds",
  "ratio",
  "joules",
  "usd",
  "gramsCo2e",
  "bytesPerSecond",
  "watts",
]);

/** Units of things that are counted: an axis has no ticks between them. */
const WHOLE = new Set(["index", "blocks"]);

type Row = ChartInput["rows"][number];

function knownOf(rows: readonly Row[], name: string): number[] {
  return rows.filter((r) => String(r.series) === name && r.y !== null).map((r) => Number(r.y));
}

/** The axis of a dimension: from its unit where given, else from a title and a d3 format. */
function axisOf(input: ChartInput, key: "x" | "y", rows: readonly Row[]) {
  const unit = input.options[`${key}Unit`];
  const title = input.options[`${key}Title`];
  if (unit === undefined) {
    const format = key === "x" ? input.options.xFormat : input.options.format;
    return { divide: 1, title: axisTitle(title, "", ""), axis: { format: format ?? "~s" } };
  }
  const largest = Math.max(0, ...rows.map((r) => Math.abs(Number(r[key] ?? 0))));
  const scale = axisFor(String(unit), largest);
  const name = axisTitle(title, String(unit), scale.unit);
  // Nothing lies between two epochs or two requests.
  const whole = WHOLE.has(String(unit)) ? { tickMinStep: 1 } : {};
  return { divide: scale.divide, title: name, axis: { labelExpr: scale.labelExpr, ...whole } };
}

/** One sentence on the range of every line. */
function describe(input: ChartInput, rows: readonly Row[], names: readonly string[]): string {
  const unit = String(input.options.yUnit ?? "");
  const text = (v: number) =>
    SPOKEN.has(unit) ? formatInUnit(v, unit as MetricUnit) : threeDigits(v);
  const parts = names.map((name) => {
    const ys = knownOf(rows, name);
    if (ys.length === 0) return `${name} has no value`;
    const [low, high] = [Math.min(...ys), Math.max(...ys)];
    return low === high
      ? `${name} stays at ${text(low)}`
      : `${name} runs from ${text(low)} to ${text(high)}`;
  });
  const marks = rows.filter((r) => r.mark !== undefined).map((r) => String(r.mark));
  const at = marks.length === 0 ? "" : ` Marks: ${marks.join(", ")}.`;
  return `${input.title}: ${parts.join("; ")}.${at}`;
}

/** Named moments: a dotted rule with its name. */
function markLayer(marks: readonly Row[], divide: number): Record<string, unknown> {
  return {
    data: { values: marks.map((m) => ({ x: Number(m.x) / divide, mark: m.mark })) },
    encoding: { x: { field: "x", type: "quantitative" } },
    layer: [
      { mark: { type: "rule", strokeDash: [1, 3], color: "currentColor", clip: true } },
      {
        mark: { type: "text", align: "left", baseline: "top", dx: 3, limit: 110, clip: true },
        encoding: { text: { field: "mark" }, y: { value: 0 } },
      },
    ],
  };
}

/**
 * Rows: `x`, `y` (null is a gap) and `series`; a row with `mark` names a moment. Options: `xUnit` and
 * `yUnit` (units of metrics), `xTitle`, `yTitle`, `format` and `xFormat` (d3 formats where no unit is given),
 * `xScale` (log), `height`, `zoom` (1: the page may zoom into x), `narrow` (1 on small screens).
 */
function build(input: ChartInput) {
  const marks = input.rows.filter((r) => r.mark !== undefined);
  const rows = input.rows.filter((r) => r.mark === undefined);
  const names = [...new Set(rows.map((r) => String(r.series)))];
  const narrow = input.options.narrow === 1;
  const x = axisOf(input, "x", rows);
  const y = axisOf(input, "y", rows);
  const values = rows.map((r) => ({
    x: Number(r.x) / x.divide,
    y: r.y === null ? null : Number(r.y) / y.divide,
    series: r.series,
  }));
  const zoom = input.options.zoom === 1;
  const lines = {
    mark: {
      type: "line",
      interpolate: "linear",
      strokeWidth: 1.6,
      clip: zoom,
      // A line of one point has no length: without a mark it would not be seen.
      point: names.some((n) => knownOf(rows, n).length < FEW_POINTS) && { size: 40, filled: true },
      invalid: "break-paths-show-domains",
    },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: x.title,
        axis: { grid: false, tickCount: narrow ? 4 : 8, labelFlush: true, ...x.axis },
        scale: {
          nice: false,
          zero: false,
          type: input.options.xScale ?? "linear",
          ...(zoom ? { domainRaw: { expr: "xdomain" } } : {}),
        },
      },
      y: { field: "y", type: "quantitative", title: y.title, axis: { tickCount: 4, ...y.axis } },
      ...(names.length < 2 ? {} : {
        color: {
          field: "series",
          type: "nominal",
          title: null,
          scale: { domain: names, range: PALETTE },
          legend: { orient: "top", columns: narrow ? 1 : 3, symbolSize: 300 },
        },
        strokeDash: {
          field: "series",
          type: "nominal",
          title: null,
          scale: { domain: names, range: DASHES },
        },
      }),
    },
  };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height: Number(input.options.height ?? 180),
    data: { values },
    ...(zoom ? { params: [{ name: "xdomain", value: null }] } : {}),
    layer: [lines, ...(marks.length === 0 ? [] : [markLayer(marks, x.divide)])],
    config: { ...CONFIG, line: { color: PALETTE[0] } },
  };
  return {
    spec,
    description: describe(input, rows, names),
    columns: {
      x: columnTitle(input.options.xTitle, input.options.xUnit, "x"),
      y: columnTitle(input.options.yTitle, input.options.yUnit, "y"),
    },
  };
}

export const chart: Chart = {
  name: "lines",
  summary: "values over an axis, a line a series, told apart by colour and dashes",
  build,
};
