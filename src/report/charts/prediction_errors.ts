import type { Chart, ChartInput } from "../chart.ts";
import { CONFIG, nameAxis, nameLayer, NARROW_STEP, PALETTE, threeDigits } from "./_theme.ts";

/**
 * Relative errors of predictions around zero. Rows: `label`, `error`, `low` and `high` (errors against the
 * slowest and the fastest repeat), `within` (the bar set before), `hit` (1 or 0).
 */
function build(input: ChartInput) {
  const narrow = input.options.narrow === 1;
  const values = input.rows.map((r) => ({
    label: r.label,
    error: Number(r.error),
    low: Number(r.low ?? r.error),
    high: Number(r.high ?? r.error),
    from: -Number(r.within),
    to: Number(r.within),
    verdict: r.hit === 1 ? "hit" : "miss",
  }));
  const y = nameAxis([...new Set(values.map((v) => String(v.label)))], narrow);
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: "predicted against measured",
    axis: { format: "+.0%", tickCount: narrow ? 3 : 7, labelFlush: true },
  });
  const verdict = { domain: ["hit", "miss"] };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 560,
    height: { step: narrow ? NARROW_STEP : 24 },
    data: { values },
    layer: [
      {
        mark: { type: "bar", color: "#8a939e", opacity: 0.25, height: { band: 0.7 } },
        encoding: { y, x: x("from"), x2: { field: "to" } },
      },
      {
        mark: { type: "rule", strokeWidth: 2, color: "currentColor", opacity: 0.6 },
        encoding: { y, x: x("low"), x2: { field: "high" } },
      },
      {
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: {
          y,
          x: x("error"),
          color: {
            field: "verdict",
            type: "nominal",
            title: null,
            scale: { ...verdict, range: [PALETTE[0], PALETTE[1]] },
          },
          shape: {
            field: "verdict",
            type: "nominal",
            title: null,
            scale: { ...verdict, range: ["circle", "triangle-up"] },
          },
        },
      },
      ...(narrow ? [nameLayer(y)] : []),
    ],
    config: CONFIG,
  };
  const hits = values.filter((v) => v.verdict === "hit").length;
  const errors = values.map((v) => Math.abs(v.error)).sort((a, b) => a - b);
  const median = errors.length === 0 ? 0 : errors[Math.floor((errors.length - 1) / 2)];
  return {
    spec,
    description:
      `${input.title}: ${hits} of ${values.length} errors lie within their bar (shaded); half of them are ` +
      `at most ${threeDigits(100 * median)} %. Lines show the repeats.`,
    columns: { label: "prediction", error: "relative error", within: "bar", hit: "hit" },
  };
}

export const chart: Chart = {
  name: "prediction_errors",
  summary: "relative errors of predictions with the bar of each and the spread of the repeats",
  build,
};
