import { formatMetric } from "../../model/format_metric.ts";
import type { Metrics, MetricValue } from "../../model/metric.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import { formatGrams, formatUsd } from "../../model/units.ts";
import type { Output } from "../output.ts";
import type { LifecycleDocument } from "../schemas/lifecycle_schema.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

function cell(value: MetricValue | undefined): string {
  if (value === undefined) return "";
  if (typeof value.value !== "number") return formatMetric(value);
  return formatMetric({ ...value, value: Number(value.value.toPrecision(3)) });
}

function percent(share: number | null): string {
  return share === null ? "?" : `${Number((share * 100).toPrecision(2))} %`;
}

function ratio(part: MetricValue, whole: MetricValue): number | null {
  return typeof part.value !== "number" || typeof whole.value !== "number" || whole.value === 0
    ? null
    : part.value / whole.value;
}

function spread(value: MetricValue): string {
  if (value.low === undefined || value.high === undefined) return "";
  const shown = (x: number) => cell({ ...value, value: x });
  return ` (${shown(value.low)} to ${shown(value.high)})`;
}

const SHOWN_SAVINGS = 8;

/** The table of the life, the rates over it, how firm the order is, and what storing less saves. */
export function renderLifecycle(document: LifecycleDocument, out: Output): string {
  const right = "right" as const;
  const rows = [...document.stages, document.total];
  const metricsOf = (row: typeof rows[number]) => row.metrics as Metrics;
  const table = renderTable(
    [
      { title: "stage", flexible: true },
      { title: "energy", align: right },
      { title: "carbon", align: right },
      { title: "share", align: right },
      { title: "embod.", align: right },
      { title: "stored", align: right },
      { title: "cost", align: right },
    ],
    rows.map((row) => {
      const m = metricsOf(row);
      return [
        row.name,
        cell(m.energy_joules),
        cell(m.total_grams_co2e),
        percent(row.carbonShare),
        percent(ratio(m.embodied_grams_co2e, m.total_grams_co2e)),
        percent(row.storedShare),
        cell(m.total_usd).replace(/\.00$/, ""),
      ];
    }),
    out.width,
    out.style.bold,
  );
  const total = metricsOf(document.total);
  const reasons = new Set(
    rows.flatMap((r) => Object.values(metricsOf(r)).flatMap((m) => m.reason ?? [])),
  );
  const rates = Object.entries(document.rates as Metrics).map(([id, m]) =>
    `- ${metricDefinition(id)?.title ?? id}: ${cell(m)}${spread(m)}`
  );
  const savings = document.savings.filter((s) => (s.savedGrams?.mid ?? 0) > 0)
    .slice(0, SHOWN_SAVINGS).map((s) =>
      `- ${s.stage}: ${s.name}${s.lossy ? " (lossy)" : ""}: ${formatGrams(s.savedGrams!.mid)} ` +
      `(${formatGrams(s.savedGrams!.low)} to ${formatGrams(s.savedGrams!.high)}), ` +
      `${percent(s.shareOfLife)} of the life` +
      (s.savedUsd === null ? "" : `, ${formatUsd(s.savedUsd.mid)}`) +
      (s.price === null ? "" : `; ${s.price}`)
    );
  const lines = (list: readonly string[]) => list.flatMap((l) => wrapText(l, out.width)).join("\n");
  const part = (title: string, list: readonly string[]) =>
    list.length === 0 ? "" : `\n${out.style.bold(title)}\n${lines(list)}\n`;
  const grams = total.total_grams_co2e;
  return `${out.style.bold(`Life cycle: ${document.name}`)}\n\n${table}\n` +
    lines([
      `share: of the life's carbon; embod. and stored: of the stage's carbon what is embodied, and what ` +
      `memory and storage take. The whole life is ${cell(grams)}${spread(grams)}; SSDs take ` +
      `${cell(total.ssd_written_bytes)} of writes.`,
    ]) + "\n" +
    part("Over all that was produced", rates) +
    part("How firm is it?", document.verdicts.map((v) => `- ${v}`)) +
    part("What storing less saves over the life", savings) +
    part("Unknown", [...reasons].map((r) => `- ${r}`)) +
    part("Warnings", document.warnings.map((w) => `- ${w}`));
}
