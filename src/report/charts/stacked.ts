import { axisTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, PALETTE } from "./_theme.ts";

/** Strength of the colours of the seventh part and on: the palette comes round again, paler. */
const PALER = 0.45;

/** The parts in the order of the options, else as they first appear. */
function partsOf(input: ChartInput): string[] {
  const present = new Set(input.rows.map((r) => String(r.part)));
  const order = String(input.options.order ?? "").split("|").filter((part) => part !== "");
  return [
    ...order.filter((part) => present.has(part)),
    ...[...present].filter((p) => !order.includes(p)),
  ];
}

/** Rows with the lower and upper edge of each part: stacked by window, in the order of the legend. */
function stacked(input: ChartInput, parts: readonly string[]) {
  const tops = new Map<number, number>();
  return parts.flatMap((part) =>
    input.rows.filter((r) => String(r.part) === part).map((r) => {
      const low = tops.get(Number(r.x)) ?? 0;
      const high = low + Number(r.y);
      tops.set(Number(r.x), high);
      return { ...r, low, high };
    })
  );
}

/**
 * Rows: `x`, `x2`, `y`, `part`: the parts of each window from `x` to `x2`, stacked in the order of the legend.
 * Options: `xTitle`, `yTitle`, `format` (a d3 format), `order` (parts joined by bars).
 */
function build(input: ChartInput) {
  const parts = partsOf(input);
  const format = input.options.format ?? "~s";
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height: Number(input.options.height ?? 200),
    data: { values: stacked(input, parts) },
    // A hairline between parts: where two are alike in colour their order still tells them apart.
    mark: { type: "rect", stroke: "currentColor", strokeWidth: 0.25, strokeOpacity: 0.5 },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: axisTitle(input.options.xTitle, "", ""),
        axis: { grid: false, tickCount: 8, format: "~s" },
        scale: { nice: false },
      },
      x2: { field: "x2" },
      y: {
        field: "low",
        type: "quantitative",
        title: axisTitle(input.options.yTitle, "", ""),
        axis: { tickCount: 4, format },
        scale: { zero: true },
      },
      y2: { field: "high" },
      color: {
        field: "part",
        type: "nominal",
        title: null,
        scale: { domain: parts, range: parts.map((_, i) => PALETTE[i % PALETTE.length]) },
        legend: { orient: "top", columns: 6 },
      },
      fillOpacity: {
        field: "part",
        type: "nominal",
        scale: { domain: parts, range: parts.map((_, i) => i < PALETTE.length ? 1 : PALER) },
        legend: null,
      },
      tooltip: [
        { field: "part", type: "nominal" },
        { field: "y", type: "quantitative", format },
        { field: "x", type: "quantitative", format: ".4s" },
      ],
    },
    config: CONFIG,
  };
  return { spec, description: `${input.title}: ${sharesOf(input, parts)}.` };
}

/** Mean of each part over all windows, the largest first. */
function sharesOf(input: ChartInput, parts: readonly string[]): string {
  const width = (r: ChartInput["rows"][number]) => Number(r.x2 ?? Number(r.x) + 1) - Number(r.x);
  const windows = new Map(input.rows.map((r) => [Number(r.x), width(r)]));
  const all = [...windows.values()].reduce((sum, w) => sum + w, 0);
  const percent = String(input.options.format ?? "").endsWith("%");
  return parts
    .map((part) => ({
      part,
      mean: all === 0 ? 0 : input.rows.filter((r) => String(r.part) === part)
        .reduce((sum, r) => sum + Number(r.y) * width(r), 0) / all,
    }))
    .sort((a, b) => b.mean - a.mean)
    .slice(0, 6)
    .map(({ part, mean }) =>
      percent
        ? `${part} ${Number((100 * mean).toPrecision(3))} %`
        : `${part} ${Number(mean.toPrecision(3))}`
    )
    .join(", ");
}

export const chart: Chart = {
  name: "stacked",
  summary: "what windows of time are made of: parts stacked in one order, told apart by colour too",
  build,
};
