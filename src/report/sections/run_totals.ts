import type { MetricValue } from "../../model/metric.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { metricLabel } from "../labels.ts";
import { metricName, table } from "../table.ts";

type RunItem = Extract<ReportItem, { kind: "run" }>;

/** Groups of totals, by the beginning of a metric's id; the rest stands under "Other". */
const GROUPS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ["Time and processors", ["run_", "cpu_busy", "cpu_iowait", "child_cpu"]],
  ["GPU", ["gpu_"]],
  ["Storage", ["disk_", "child_read", "child_written", "ssd_", "nvme_"]],
  ["Memory", ["peak_", "swap_", "child_peak", "memory_"]],
  ["Pressure: time in which tasks waited", ["cpu_pressure", "io_pressure", "memory_pressure"]],
  ["The recorder itself", ["recorder_"]],
];

function groupOf(id: string): string {
  const best =
    GROUPS.flatMap(([title, prefixes]) =>
      prefixes.filter((p) => id.startsWith(p)).map((p) => ({ title, length: p.length }))
    ).sort((a, b) => b.length - a.length)[0];
  return best?.title ?? "Other";
}

/** The totals of a recording in groups; what is unknown is listed with its reason. */
export function runTotals(item: RunItem): Html {
  const entries = Object.entries(item.record.metrics);
  const known = entries.filter(([, m]) => m.value !== null);
  const unknown = entries.filter(([, m]) => m.value === null);
  const titles = [...GROUPS.map(([title]) => title), "Other"];
  const tables = titles.map((title) => {
    const own = known.filter(([id]) => groupOf(id) === title);
    return own.length === 0 ? null : table(
      title,
      [{ title: "Total" }, { title: "Value", numeric: true }],
      own.map(([id, m]) => [metricName(metricLabel(id), id), metricCell(m)]),
    );
  });
  return markup`<h3>Totals</h3><div class="tables">${tables}</div>${unknownTotals(unknown)}`;
}

function unknownTotals(unknown: readonly (readonly [string, MetricValue])[]): Html | null {
  if (unknown.length === 0) return null;
  const count = unknown.length;
  const caption = `${count} ${count === 1 ? "total that is" : "totals that are"} unknown here`;
  return markup`<details><summary>${caption}, with the reason</summary>${
    table(
      caption,
      [{ title: "Total" }, { title: "Why it is unknown" }],
      unknown.map(([id, m]) => [metricName(metricLabel(id), id), m.reason ?? "no reason was kept"]),
    )
  }</details>`;
}
