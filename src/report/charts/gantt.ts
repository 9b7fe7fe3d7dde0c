import { axisTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, PALETTE } from "./_theme.ts";

/** Height of a bar within its lane by kind: the second encoding, so that colour is never alone. */
const HEIGHTS: readonly number[] = [0.9, 0.62, 0.4, 0.75, 0.5, 0.3];

/** Kinds in the order of the option `kinds`, so that several pictures use the same colours; others follow. */
function kindsOf(input: ChartInput): string[] {
  const present = new Set(input.rows.map((r) => String(r.kind)));
  const wished = String(input.options.kinds ?? "").split(",").filter((kind) => present.has(kind));
  return [...new Set([...wished, ...present])];
}

/**
 * Rows: `lane`, `start`, `end`, `kind`, `name`; lanes are drawn in the order they first appear. Options: `xTitle`,
 * `kinds` (names in the order of their colours, comma-separated).
 */
function build(input: ChartInput) {
  const lanes = [...new Set(input.rows.map((r) => String(r.lane)))];
  const kinds = kindsOf(input);
  const y = {
    field: "lane",
    type: "nominal",
    sort: lanes,
    title: null,
    axis: { labelLimit: 260, domain: false, ticks: false, grid: true },
  };
  const layer = kinds.map((kind, i) => ({
    transform: [{ filter: { field: "kind", equal: kind } }],
    mark: { type: "bar", height: { band: HEIGHTS[i % HEIGHTS.length] }, cornerRadius: 1 },
    encoding: {
      y,
      x: {
        field: "start",
        type: "quantitative",
        title: axisTitle(input.options.xTitle ?? "seconds", "", ""),
        axis: { tickCount: 8, format: "~s", grid: false },
        scale: { nice: false },
      },
      x2: { field: "end" },
      color: {
        field: "kind",
        type: "nominal",
        title: null,
        scale: { domain: kinds, range: PALETTE },
        legend: { orient: "top", columns: 5 },
      },
      tooltip: [
        { field: "lane", type: "nominal" },
        { field: "name", type: "nominal" },
        { field: "start", type: "quantitative", format: ".4s" },
        { field: "end", type: "quantitative", format: ".4s" },
      ],
    },
  }));
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 720,
    height: { step: 22 },
    data: { values: input.rows },
    layer,
    config: CONFIG,
  };
  return { spec, description: describe(input, lanes) };
}

/** Busiest lane and busy share of each kind of lane, from the rows. */
function describe(input: ChartInput, lanes: readonly string[]): string {
  const end = Math.max(0, ...input.rows.map((r) => Number(r.end)));
  const busy = lanes.map((lane) => ({
    lane,
    share: end === 0 ? 0 : input.rows.filter((r) => r.lane === lane)
      .reduce((sum, r) => sum + Number(r.end) - Number(r.start), 0) / end,
  }));
  const shown = busy.slice(0, 6).map((b) => `${b.lane} ${Math.round(100 * b.share)} %`).join(", ");
  return `${input.title}: ${Number(end.toPrecision(4))} s; busy: ${shown}.`;
}

export const chart: Chart = {
  name: "gantt",
  summary: "what each lane does when: a bar a span, told apart by colour and height",
  build,
};
