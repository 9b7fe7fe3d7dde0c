import { axisTitle } from "../axis.ts";
import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, nameAxis, nameLayer, NARROW_STEP, PALETTE } from "./_theme.ts";

/** A part that takes this share of the longest bar has room for its name. */
const NAMED_SHARE = 0.09;

/**
 * Rows: `label`, `part`, `value` (a row a part of a bar). Options: `xTitle`, `format` (d3), `narrow` (1 on
 * small screens).
 */
function build(input: ChartInput) {
  const order = [...new Set(input.rows.map((r) => String(r.label)))];
  const parts = [...new Set(input.rows.map((r) => String(r.part)))];
  const narrow = input.options.narrow === 1;
  const sums = new Map<string, number>();
  const values = input.rows.map((row) => {
    const from = sums.get(String(row.label)) ?? 0;
    const to = from + Number(row.value);
    sums.set(String(row.label), to);
    return { label: row.label, part: row.part, from, to, middle: (from + to) / 2 };
  });
  const longest = Math.max(1e-300, ...sums.values());
  const y = nameAxis(order, narrow);
  const x = {
    field: "from",
    type: "quantitative",
    title: axisTitle(input.options.xTitle, "", ""),
    axis: {
      tickCount: narrow ? 3 : 6,
      labelFlush: true,
      format: input.options.format ?? ".3~s",
    },
  };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 560,
    height: { step: narrow ? NARROW_STEP : 28 },
    data: { values },
    layer: [
      {
        mark: { type: "bar", height: narrow ? 14 : { band: 0.7 } },
        encoding: {
          y,
          x,
          x2: { field: "to" },
          color: {
            field: "part",
            type: "nominal",
            title: null,
            scale: { domain: parts, range: PALETTE },
            legend: { orient: "top", columns: narrow ? 2 : 6 },
          },
        },
      },
      {
        // The name in the bar: parts are not told apart by colour alone.
        transform: [{ filter: `datum.to - datum.from > ${NAMED_SHARE * longest}` }],
        mark: { type: "text", color: "#ffffff", fontSize: 11, fontWeight: 600 },
        encoding: { y, x: { ...x, field: "middle" }, text: { field: "part" } },
      },
      ...(narrow ? [nameLayer(y)] : []),
    ],
    config: CONFIG,
  };
  const shares = order.map((label) => {
    const own = input.rows.filter((r) => String(r.label) === label);
    const sum = sums.get(label)!;
    const shown = own.map((r) => `${r.part} ${(100 * Number(r.value) / sum).toFixed(1)} %`);
    return `${label}: ${shown.join(", ")}`;
  });
  return {
    spec,
    description: `${input.title}. ${shares.join("; ")}.`,
    columns: { label: "policy", part: "from", value: String(input.options.xTitle ?? "value") },
  };
}

export const chart: Chart = {
  name: "stacked_bars",
  summary: "what each bar is made of, a part a colour with its name in it",
  build,
};
