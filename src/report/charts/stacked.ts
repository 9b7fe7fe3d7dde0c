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

/**
 * Rows: `x`, `x2`, `y`, `part`: the parts of each window from `x` to `x2`, stacked in the order of the legend.
 * Options: `xTitle`, `yTitle`, `format` (a d3 format), `order` (parts joined by bars).
 */
function build(input: ChartInput) {
  const parts = partsOf(input);
  const rows = input.rows.map((r) => ({ ...r, place: parts.indexOf(String(r.part)) }));
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height: Number(input.options.height ?? 200),
    data: { values: rows },
    // A hairline between parts: where two are alike in colour their order still tells them apart.
    mark: { type: "bar", stroke: "currentColor", strokeWidth: 0.25, strokeOpacity: 0.5 },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: input.options.xTitle,
        axis: { grid: false, tickCount: 8, format: "~s" },
        scale: { nice: false },
      },
      x2: { field: "x2" },
      y: {
        field: "y",
        type: "quantitative",
        stack: "zero",
        title: input.options.yTitle,
        axis: { tickCount: 4, format: input.options.format ?? "~s" },
      },
      order: { field: "place", type: "quantitative" },
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
        { field: "y", type: "quantitative", format: input.options.format ?? "~s" },
        { field: "x", type: "quantitative", format: ".4s" },
      ],
    },
    config: CONFIG,
  };
  return { spec, description: `${input.title}: ${sharesOf(input, parts)}.` };
}

/** Share of each part over all windows, the largest first. */
function sharesOf(input: ChartInput, parts: readonly string[]): string {
  const weight = (r: ChartInput["rows"][number]) =>
    Number(r.y) * (Number(r.x2 ?? Number(r.x) + 1) - Number(r.x));
  const all = input.rows.reduce((sum, r) => sum + weight(r), 0);
  return parts
    .map((part) => ({
      part,
      share: all === 0 ? 0 : input.rows.filter((r) => String(r.part) === part)
        .reduce((sum, r) => sum + weight(r), 0) / all,
    }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 6)
    .map(({ part, share }) => `${part} ${Number((100 * share).toPrecision(3))} %`)
    .join(", ");
}

export const chart: Chart = {
  name: "stacked",
  summary: "what windows of time are made of: parts stacked in one order, told apart by colour too",
  build,
};
