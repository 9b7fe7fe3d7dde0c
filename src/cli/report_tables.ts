import { formatMetric } from "../model/format_metric.ts";
import { stableStringify } from "../model/json.ts";
import type { ReportInput } from "../report/input.ts";
import { metricRows, titleOf } from "../report/rows.ts";
import { csvRow } from "./csv.ts";
import type { Output } from "./output.ts";
import { safeText } from "./sanitize.ts";
import { renderTable } from "./table.ts";

const COLUMNS = [
  "item",
  "kind",
  "subject",
  "metric",
  "value",
  "unit",
  "low",
  "high",
  "evidence",
  "reason",
] as const;

/** The numbers of a report as JSON, CSV or text: one row a metric. Samples stay in the store (`export`). */
export function renderTables(
  input: ReportInput,
  format: "json" | "csv" | "text",
  out: Output,
): string {
  if (format === "json") {
    const items = input.items.map((item) => ({
      id: item.id,
      kind: item.kind,
      document: item.kind === "run" ? item.record : item.document,
    }));
    return stableStringify({
      schema: "spillway/report-data/1",
      title: input.title,
      items,
      metrics: input.items.flatMap(metricRows),
      commands: input.commands,
    }) + "\n";
  }
  if (format === "csv") {
    const rows = input.items.flatMap(metricRows);
    return csvRow([...COLUMNS]) + rows.map((row) => csvRow(COLUMNS.map((c) => row[c]))).join("");
  }
  return input.items.map((item) => {
    const table = renderTable(
      [
        { title: "subject", flexible: true },
        { title: "metric", flexible: true },
        { title: "value", align: "right" },
        { title: "evidence" },
      ],
      metricRows(item).map((
        r,
      ) => [
        r.subject,
        r.metric,
        formatMetric({ value: r.value, unit: r.unit, evidence: r.evidence }),
        r.evidence,
      ]),
      out.width,
      out.style.bold,
    );
    return `${safeText(titleOf(item))} (${safeText(item.id)})\n${table}`;
  }).join("\n");
}
