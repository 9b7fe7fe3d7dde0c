import { formatMetric } from "../../model/format_metric.ts";
import type { MetricValue } from "../../model/metric.ts";
import { oneLine } from "../../model/plain_text.ts";
import type { ReportInput, ReportItem } from "../input.ts";
import { type MetricRow, metricRows, titleOf } from "../rows.ts";

/** Text that Markdown shows as it is: names from traces are data, neither markup nor HTML. */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replace(/[\\`*_{}[\]()#+!|~:@-]/g, (mark) => `\\${mark}`);
}

function shown(row: MetricRow): string {
  if (row.value === null) return `unknown: ${row.reason ?? "no reason was kept"}`;
  const value = formatMetric({ value: row.value, unit: row.unit, evidence: row.evidence });
  if (row.low === null || row.high === null || row.low === row.high) return value;
  const end = (v: number) => formatMetric({ ...row, value: v } as MetricValue);
  return `${value} (${end(row.low)} to ${end(row.high)})`;
}

function section(item: ReportItem): string {
  const lines = [`## ${escapeMarkdown(titleOf(item))} (${escapeMarkdown(item.id)})`, ""];
  if (item.kind === "replay") {
    lines.push(escapeMarkdown(item.document.ranking.recommendation), "");
  }
  lines.push("| subject | metric | value | evidence |", "|---|---|---:|---|");
  for (const row of metricRows(item)) {
    const cells = [row.subject, row.metric, shown(row), row.evidence].map(escapeMarkdown);
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines.join("\n");
}

/** The report as Markdown: one table an item, every number with its evidence. */
export function toMarkdown(input: ReportInput): string {
  const commands = input.commands.map((c) => `    ${oneLine(c)}`).join("\n");
  return [
    `# ${escapeMarkdown(input.title)}`,
    ...input.items.map(section),
    `## Reproduce\n\nSpillway ${input.version}:\n\n${commands}`,
  ].join("\n\n") + "\n";
}
