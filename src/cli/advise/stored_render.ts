import type { AdviceDocument } from "../../model/advice.ts";
import { formatMetric } from "../../model/format_metric.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

const SHOWN = ["ttft_p99_seconds", "wall_seconds", "total_usd", "total_grams_co2e"];

/** An advice of the store: title, verdicts, its rows by the metrics that matter most. */
export function renderStoredAdvice(document: AdviceDocument, out: Output): string {
  const ids = SHOWN.filter((id) => document.subjects.some((s) => s.metrics[id] !== undefined));
  const table = renderTable(
    [
      { title: "row", flexible: true },
      ...ids.map((id) => ({ title: id, align: "right" as const })),
    ],
    document.subjects.map((s) => [
      safeText(s.name),
      ...ids.map((id) => s.metrics[id] === undefined ? "" : formatMetric(s.metrics[id])),
    ]),
    out.width,
    out.style.bold,
  );
  const lines = [
    ...document.verdicts,
    ...document.warnings.map((w) => `warning: ${w}`),
  ].flatMap((line) => wrapText(safeText(line), out.width));
  return `${safeText(document.title)}\n\n${table}\n${lines.join("\n")}\n`;
}
