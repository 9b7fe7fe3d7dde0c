import type { MetricValue } from "../../model/metric.ts";
import { resultLabels } from "../../model/result_labels.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { table } from "../table.ts";

/** Metrics of the ledger, by column; the first of each that a subject has is shown. */
const COLUMNS = [
  ["Written by the host", ["ssd_host_written_bytes", "ssd_written_bytes", "disk_written_bytes"]],
  ["Written to flash", ["ssd_media_written_bytes"]],
  ["Rated life used", ["ssd_wear_ratio"]],
  ["Worn out after", ["ssd_wear_out_days"]],
] as const;

interface Line {
  readonly subject: string;
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

function linesOf(item: ReportItem): Line[] {
  if (item.kind === "run") {
    return [{ subject: `Recording ${item.record.name}`, metrics: item.record.metrics }];
  }
  if (item.kind === "replay") {
    const labels = resultLabels(item.document.results);
    return item.document.results.map((r, i) => ({
      subject: `${item.document.trace.name}: ${labels[i]}`,
      metrics: r.metrics,
    }));
  }
  if (item.kind === "gate" || item.kind === "score") return [];
  if (item.kind === "advice") {
    return item.document.subjects.map((s) => ({ subject: s.name, metrics: s.metrics }));
  }
  const { subject, results } = item.document;
  return results.map((r) => ({
    subject: subject.kind !== "replay" ? `Recording ${subject.name}` : `${subject.name}: ${r.name}`,
    metrics: r.metrics,
  }));
}

/** Lines of all items; what an estimate says of a replay in the report joins that replay's line. */
function allLines(items: readonly ReportItem[]): Line[] {
  const lines = new Map<string, Line>();
  for (const item of items) {
    const priced = item.kind === "estimate" ? item.document.subject : null;
    const replay = items.find((i) => i.kind === "replay" && i.id === priced?.id);
    const name = replay?.kind === "replay" ? replay.document.trace.name : null;
    for (const line of linesOf(item)) {
      const subject = name === null || priced === null
        ? line.subject
        : line.subject.replace(`${priced.name}: `, () => `${name}: `);
      const known = lines.get(subject);
      lines.set(subject, { subject, metrics: { ...known?.metrics, ...line.metrics } });
    }
  }
  return [...lines.values()];
}

/** What every recording, policy and estimate says of the life of drives; null when none says anything. */
export function wearSection(items: readonly ReportItem[]): Html | null {
  const lines = allLines(items).map(({ subject, metrics }) => ({
    subject,
    cells: COLUMNS.map(([, ids]) =>
      ids.map((id) => metrics[id]).find((m) => m !== undefined && m.value !== null)
    ),
  })).filter(({ cells }) => cells.some((m) => m !== undefined && Number(m.value) > 0));
  if (lines.length === 0) return null;
  return markup`<section id="wear"><h2><span class="kind">Drives</span> Wear ledger</h2><p>Who writes how much, and what it takes of the drives' rated life. A recording counts every disk of the machine where the drives' own counters are absent.</p>${
    table(
      "Bytes written and life used",
      [{ title: "Subject" }, ...COLUMNS.map(([title]) => ({ title, numeric: true }))],
      lines.map(({ subject, cells }) => [
        subject,
        ...cells.map((m) => m === undefined ? markup`<span class="quiet">-</span>` : metricCell(m)),
      ]),
    )
  }</section>`;
}
