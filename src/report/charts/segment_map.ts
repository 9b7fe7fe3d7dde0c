import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, PALETTE } from "./_theme.ts";

const MIB = 2 ** 20;

/** Height tells the states apart besides colour: what is in use is full, what is free is thin. */
const KINDS = [
  { kind: "live", color: PALETTE[0], band: 0.86 },
  { kind: "waiting for a stream", color: PALETTE[3], band: 0.6 },
  { kind: "free", color: PALETTE[1], band: 0.3 },
] as const;

/** Rows: `segment`, `kind` (live, waiting for a stream, free), `start` and `end` in bytes. */
function build(input: ChartInput) {
  const rows = input.rows.map((r) => ({
    segment: String(r.segment),
    kind: String(r.kind),
    start: Number(r.start) / MIB,
    end: Number(r.end) / MIB,
  }));
  const order = [...new Set(rows.map((r) => r.segment))];
  const names = KINDS.map((k) => k.kind);
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 640,
    height: { step: 12 },
    data: { values: rows },
    layer: KINDS.map(({ kind, band }) => ({
      transform: [{ filter: { field: "kind", equal: kind } }],
      mark: { type: "bar", height: { band } },
      encoding: {
        y: {
          field: "segment",
          type: "nominal",
          sort: order,
          title: null,
          scale: { domain: order },
          axis: { labelFontSize: 9, labelFont: "monospace", domain: false, ticks: false },
        },
        x: { field: "start", type: "quantitative", title: "MiB from the start of the segment" },
        x2: { field: "end" },
        color: {
          field: "kind",
          type: "nominal",
          title: null,
          scale: { domain: names, range: KINDS.map((k) => k.color) },
          legend: { orient: "top" },
        },
      },
    })),
    config: CONFIG,
  };
  const sum = (kind: string) =>
    rows.filter((r) => r.kind === kind).reduce((n, r) => n + r.end - r.start, 0);
  const digits = (v: number) => Number(v.toPrecision(3)).toLocaleString("en-US");
  const parts = names.filter((kind) => sum(kind) > 0).map((kind) =>
    `${digits(sum(kind))} MiB ${kind}`
  );
  return {
    spec,
    description: `${input.title}: ${order.length} segments with ${parts.join(", ")}.`,
  };
}

export const chart: Chart = {
  name: "segment_map",
  summary: "memory segments as bars, live blocks full, free ones thin",
  build,
};
