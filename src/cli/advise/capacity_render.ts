import { formatMetric } from "../../model/format_metric.ts";
import type { Metrics, MetricValue } from "../../model/metric.ts";
import { formatDecimalBytes, formatGrams, formatNumber, formatUsd } from "../../model/units.ts";
import type { Output } from "../output.ts";
import type { CapacityDocument } from "../schemas/capacity_schema.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

function cell(value: MetricValue | undefined): string {
  if (value === undefined || typeof value.value !== "number") return "unknown";
  return formatMetric({ ...value, value: Number(value.value.toPrecision(3)) }).replace(/\.00$/, "");
}

const NAMES = {
  recompute: "recompute",
  hbm: "KV in GPU memory",
  dram: "KV in DRAM",
  ssd: "KV on SSD",
} as const;

/** The designs, what tiers are worth, and the years ahead. */
export function renderCapacity(document: CapacityDocument, out: Output): string {
  const right = "right" as const;
  const { demand } = document;
  const designs = renderTable(
    [
      { title: "design", flexible: true },
      { title: "GPUs", align: right },
      { title: "for work", align: right },
      { title: "for memory", align: right },
      { title: "$/month", align: right },
      { title: "carbon/month", align: right },
      { title: "fits" },
    ],
    document.designs.map((d) => {
      const m = d.metrics as Metrics;
      return [
        NAMES[d.name],
        formatNumber(d.size.gpus),
        formatNumber(d.size.forCompute),
        formatNumber(d.size.forMemory),
        cell(m.total_usd),
        cell(m.total_grams_co2e),
        d.fits ? "yes" : "no",
      ];
    }),
    out.width,
    out.style.bold,
  );
  const growth = renderTable(
    [
      { title: "year", align: right },
      { title: "GPUs, KV in HBM", align: right },
      { title: "for memory alone", align: right },
      { title: "GPUs with a tier", align: right },
      { title: "tier worth GPUs", align: right },
    ],
    document.growth.map((y) => [
      String(y.year),
      y.hbm === null ? "-" : formatNumber(y.hbm.gpus),
      y.boughtForMemory === null ? "-" : formatNumber(y.boughtForMemory),
      y.tiered === null ? "-" : formatNumber(y.tiered.gpus),
      y.tierWorthGpus === null ? "-" : formatNumber(y.tierWorthGpus),
    ]),
    out.width,
    out.style.bold,
  );
  const ratio = Number((demand.reusedTokenRatio * 100).toPrecision(3));
  const head = `${formatNumber(demand.requests)} requests on ${document.trace.name}: hits spare ` +
    `${ratio} % of the input tokens when ${formatDecimalBytes(demand.heldBytes)} of KV are kept; ` +
    `running requests hold ${formatDecimalBytes(demand.liveBytes)}.`;
  const worth = document.worth.flatMap((w) => {
    const what = w.usdPerMonth === null
      ? "unknown $"
      : `${formatUsd(w.usdPerMonth.mid)} (${formatUsd(w.usdPerMonth.low)} to ` +
        `${formatUsd(w.usdPerMonth.high)})`;
    const carbon = w.gramsPerMonth === null
      ? "unknown carbon"
      : `${formatGrams(w.gramsPerMonth.mid)} (${formatGrams(w.gramsPerMonth.low)} to ` +
        `${formatGrams(w.gramsPerMonth.high)})`;
    return [
      `- ${NAMES[w.tier as keyof typeof NAMES]} against ${
        NAMES[w.against as keyof typeof NAMES]
      }: ${formatNumber(w.gpus)} ${w.gpus === 1 ? "GPU" : "GPUs"}, ${what} and ${carbon} a month`,
      ...(w.gramsVerdict === null ? [] : [`  carbon: ${w.gramsVerdict}`]),
    ];
  });
  const text = (lines: readonly string[]) =>
    lines.flatMap((l) => wrapText(l, out.width)).join("\n") + "\n";
  return text([head]) + `\n${designs}\n` + text([document.advice]) +
    `\n${out.style.bold("What a tier is worth")}\n${text(worth)}` +
    `\n${out.style.bold("If demand and cards grow")}\n${growth}` +
    (document.warnings.length === 0
      ? ""
      : `\n${text(document.warnings.map((w) => `warning: ${w}`))}`);
}
