import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { axisFor, axisTitle, columnTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, MUTED, PALETTE } from "./_theme.ts";

/** Shapes tell groups apart besides colour. */
const SHAPES = ["square", "circle", "diamond", "triangle-up"];

/** Where the smallest and the largest are further apart than this, the axis is logarithmic. */
const WIDE = 30;

type Row = ChartInput["rows"][number];

function axisOf(input: ChartInput, rows: readonly Row[], key: "x" | "y") {
  const values = rows.map((r) => Number(r[key]));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const unit = String(input.options[`${key}Unit`] ?? "");
  const scale = axisFor(unit, most);
  return {
    divide: scale.divide,
    encoding: {
      field: key,
      type: "quantitative",
      title: axisTitle(input.options[`${key}Title`] ?? key, unit, scale.unit),
      axis: { labelExpr: scale.labelExpr, tickCount: input.options.narrow === 1 ? 4 : 6 },
      scale: least > 0 && most / least > WIDE
        ? { type: "log", nice: true }
        : { zero: least < 0.2 * most, nice: true },
    },
  };
}

/**
 * Many points of two costs in groups (searched, on the front, recommended). Rows: `x`, `y`, `group`, and
 * `label` for the few to be named; groups are drawn in the order of their first rows, the last on top.
 * Options: `xTitle`, `yTitle`, `xUnit`, `yUnit`.
 */
function build(input: ChartInput) {
  const rows = input.rows.filter((r) => typeof r.x === "number" && typeof r.y === "number");
  const groups = [...new Set(rows.map((r) => String(r.group)))];
  const x = axisOf(input, rows, "x");
  const y = axisOf(input, rows, "y");
  const values = rows.map((r) => ({
    ...r,
    x: Number(r.x) / x.divide,
    y: Number(r.y) / y.divide,
  }));
  const position = { x: x.encoding, y: y.encoding };
  const by = (range: readonly string[]) => ({
    field: "group",
    type: "nominal",
    title: null,
    scale: { domain: groups, range: range.slice(0, groups.length) },
    legend: { orient: "top", columns: 4 },
  });
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 640,
    height: 320,
    data: { values },
    layer: [
      {
        mark: { type: "point", filled: true, size: 70, opacity: 0.9 },
        encoding: {
          ...position,
          color: by(groups.length < 2 ? PALETTE : [MUTED, ...PALETTE]),
          shape: by(SHAPES),
        },
      },
      {
        transform: [{ filter: "isValid(datum.label) && datum.label !== ''" }],
        mark: { type: "text", align: "left", dx: 9, dy: -11, limit: 260 },
        encoding: { ...position, text: { field: "label", type: "nominal" } },
      },
    ],
    config: CONFIG,
  };
  const unit = (key: "x" | "y") => String(input.options[`${key}Unit`] ?? "unit") as MetricUnit;
  const digits = (value: unknown, key: "x" | "y") =>
    formatInUnit(Number(Number(value).toPrecision(3)), unit(key));
  const counts = groups.map((g) => `${rows.filter((r) => String(r.group) === g).length} ${g}`);
  const named = rows.filter((r) => typeof r.label === "string" && r.label !== "").slice(0, 4)
    .map((r) => `${r.label} at ${digits(r.x, "x")} and ${digits(r.y, "y")}`);
  return {
    spec,
    description: `${input.title}: ${[...counts, ...named].join("; ")}.`,
    columns: {
      x: columnTitle(input.options.xTitle, input.options.xUnit, "x"),
      y: columnTitle(input.options.yTitle, input.options.yUnit, "y"),
      group: "group",
      label: "label",
      name: "point",
    },
  };
}

export const chart: Chart = {
  name: "points",
  summary: "many points of two costs in groups: searched, on the front, recommended",
  build,
};
