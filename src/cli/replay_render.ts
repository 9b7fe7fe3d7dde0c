import { EVIDENCE_LETTERS } from "../model/evidence.ts";
import { resultLabels } from "../model/result_labels.ts";
import { attributedNotes } from "../model/result_notes.ts";
import { formatMetric } from "../model/format_metric.ts";
import type { Family } from "../model/policy.ts";
import type { ReplayDocument } from "../model/results.ts";
import type { Output } from "./output.ts";
import { safeText } from "./sanitize.ts";
import { type Column, renderTable } from "./table.ts";
import { wrapNamed, wrapText } from "./wrap.ts";

const TAG_LEGEND = "Evidence: M measured, R replayed exactly, m modelled, a assumed. " +
  '"spillway explain <metric>" gives each formula.';

/** Where the plural is not the word with an s. */
const COUNTS: Readonly<Record<string, string>> = {
  retry_count: "retries",
  rejected_count: "rejected",
  driver_call_count: "driver calls",
};

function titleOf(id: string): string {
  // A count of one word is the plural of it: failures, preemptions.
  return COUNTS[id] ?? id.replace(/^([a-z]+)_count$/, "$1s").replace(
    /_(bytes|seconds|ratio|usd|blocks|tokens|count|joules)$/,
    "",
  ).replaceAll("_", " ");
}

/** The order by each further metric, as one line. */
function otherOrders({ results, ranking }: ReplayDocument, labels: readonly string[]): string[] {
  return (ranking.others ?? []).map(({ by, order }) => {
    const places = order.map(({ rank, result }) => {
      const metric = results[result].metrics[by];
      const value = metric === undefined
        ? "-"
        : `${formatMetric(metric)} ${EVIDENCE_LETTERS[metric.evidence]}`;
      return `${rank}. ${labels[result]} ${value}`;
    });
    return `By ${by}: ${places.join(", ")}.`;
  });
}

/** The ranking as a table that fits the terminal, the recommendation, and what readers must know. */
export function renderReplay(
  document: ReplayDocument,
  family: Family,
  out: Output,
  extra: readonly string[] = [],
): string {
  const { results, ranking, trace } = document;
  const labels = resultLabels(results);
  // A column in which nothing is known would only say that much: why stands in --json.
  const present = family.columns.filter((id) => results.some((r) => r.metrics[id]?.value != null));
  const rows = ranking.order.map((entry) => {
    const result = results[entry.result];
    return [
      String(entry.rank),
      labels[entry.result],
      ...present.map((id) => {
        const metric = result.metrics[id];
        return metric === undefined
          ? "-"
          : `${formatMetric(metric)} ${EVIDENCE_LETTERS[metric.evidence]}`;
      }),
    ];
  });
  const columns: Column[] = [
    { title: "#", align: "right" },
    { title: "policy", flexible: true },
    ...present.map((id): Column => ({ title: titleOf(id), align: "right" })),
  ];
  // Metric columns that do not fit are left out from the right; --json has them all.
  const fits = (count: number) => {
    const widths = columns.slice(0, count).map((c, i) =>
      Math.max(
        c.title.length,
        ...rows.map((r) => i === 1 ? Math.min(r[i].length, 34) : r[i].length),
      )
    );
    return widths.reduce((a, b) => a + b + 2, -2) <= out.width;
  };
  let count = columns.length;
  while (count > 3 && !fits(count)) count--;
  const name = safeText(trace.name);
  const head = `${name} (${trace.format}, ${trace.rows.toLocaleString("en-US")} ${trace.kind}), ` +
    `ranked by ${ranking.by}, ${ranking.better} is better`;
  const lines = [
    ...wrapNamed(head, name, out.width, out.style.bold),
    "",
    renderTable(
      columns.slice(0, count),
      rows.map((r) => r.slice(0, count)),
      out.width,
      out.style.bold,
    ),
    ...otherOrders(document, labels).flatMap((line) => [...wrapText(line, out.width), ""]),
    ...wrapText(safeText(ranking.recommendation), out.width),
  ];
  if (extra.length > 0) lines.push("", ...extra);
  const notes = attributedNotes(results);
  if (notes.length > 0) {
    lines.push("", ...notes.flatMap((n) => wrapText(`- ${safeText(n)}`, out.width)));
  }
  if (count < columns.length) {
    lines.push(
      "",
      ...wrapText(
        `Not shown for lack of width: ${columns.slice(count).map((c) => c.title).join(", ")}.`,
        out.width,
      ),
    );
  }
  lines.push("", ...wrapText(TAG_LEGEND, out.width).map(out.style.dim), "");
  return lines.join("\n");
}
