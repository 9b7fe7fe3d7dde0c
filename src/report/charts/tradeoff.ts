import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { axisFor, axisTitle, columnTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, MUTED, PALETTE } from "./_theme.ts";

/**
 * Points of two costs, the Pareto front among them. Rows: `label`, `x`, `y`, optionally `z` (shown by size),
 * `front` (1 where no other point is better in every respect). Options: `xUnit`, `yUnit`, `zUnit`, `xTitle`,
 * `yTitle`, `zTitle`.
 */
function build(input: ChartInput) {
  const { options } = input;
  const narrow = options.narrow === 1;
  const largest = (key: string) => Math.max(0, ...input.rows.map((r) => Number(r[key] ?? 0)));
  const least = (key: string) => Math.min(...input.rows.map((r) => Number(r[key])));
  const x = axisFor(String(options.xUnit ?? ""), largest("x"));
  const y = axisFor(String(options.yUnit ?? ""), largest("y"));
  const hasZ = input.rows.some((r) => r.z !== null && r.z !== undefined);
  const values = input.rows.map((r) => ({
    label: r.label,
    x: Number(r.x) / x.divide,
    y: Number(r.y) / y.divide,
    z: Number(r.z ?? 1),
    front: r.front,
  }));
  const axis = (scale: typeof x, key: "x" | "y", least: number, most: number) => ({
    title: axisTitle(
      options[`${key}Title`] ?? key,
      String(options[`${key}Unit`] ?? ""),
      scale.unit,
    ),
    axis: { labelExpr: scale.labelExpr, tickCount: narrow ? 4 : 6 },
    // Differences matter more than distances from zero, unless zero is near.
    scale: least < 0.2 * most ? { zero: true } : { zero: false, padding: 40 },
  });
  const position = {
    x: {
      field: "x",
      type: "quantitative",
      ...axis(x, "x", least("x"), largest("x")),
    },
    y: {
      field: "y",
      type: "quantitative",
      ...axis(y, "y", least("y"), largest("y")),
    },
  };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 640,
    height: 300,
    data: { values },
    layer: [
      {
        transform: [{ filter: "datum.front === 1" }],
        mark: { type: "line", interpolate: "step-after", color: PALETTE[0], strokeDash: [4, 3] },
        encoding: { ...position, order: { field: "x" } },
      },
      {
        mark: { type: "point", filled: true, opacity: 0.95, stroke: "currentColor" },
        encoding: {
          ...position,
          color: {
            field: "front",
            type: "nominal",
            legend: null,
            scale: { domain: [1, 0], range: [PALETTE[0], MUTED] },
          },
          shape: {
            field: "front",
            type: "nominal",
            legend: null,
            scale: { domain: [1, 0], range: ["circle", "square"] },
          },
          ...(hasZ
            ? {
              size: {
                field: "z",
                type: "quantitative",
                legend: null,
                scale: { range: [60, 420], zero: true },
              },
            }
            : { size: { value: 90 } }),
        },
      },
      {
        mark: { type: "text", align: "left", dx: 9, dy: -11, limit: narrow ? 120 : 260 },
        encoding: { ...position, text: { field: "label" } },
      },
    ],
    config: CONFIG,
  };
  const unitText = (value: unknown, unit: unknown) =>
    formatInUnit(Number(value), String(unit ?? "unit") as MetricUnit);
  const front = input.rows.filter((r) => r.front === 1).map((r) =>
    `${r.label} (${unitText(r.x, options.xUnit)}, ${unitText(r.y, options.yUnit)})`
  );
  const size = hasZ ? ` Size shows ${options.zTitle ?? "the third"}.` : "";
  return {
    spec,
    description: `${input.title}: nothing is better in every respect than ${
      front.join(", ")
    }.${size}`,
    columns: {
      label: "name",
      x: columnTitle(options.xTitle, options.xUnit, "x"),
      y: columnTitle(options.yTitle, options.yUnit, "y"),
      z: String(options.zTitle ?? "z"),
      front: "on the front",
    },
  };
}

export const chart: Chart = {
  name: "tradeoff",
  summary: "points of two or three costs, and which of them no other beats",
  build,
};
