import type { Verdict } from "../../gate/verdict.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import { formatNumber, formatRatio } from "../../model/units.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

function shown(value: number | null, unit: string): string {
  if (value === null) return "-";
  try {
    return formatInUnit(value, unit as MetricUnit);
  } catch {
    return formatNumber(value);
  }
}

/** The verdict for a terminal: a table, then why each rule that did not pass did not. */
export function renderVerdict(verdict: Verdict, out: Output): string {
  const paint = {
    pass: out.style.green,
    fail: out.style.red,
    error: out.style.red,
    inconclusive: out.style.yellow,
  }[verdict.verdict];
  const table = renderTable(
    [
      { title: "status" },
      { title: "metric", flexible: true, wrap: true },
      { title: "reference", align: "right" },
      { title: "current", align: "right" },
      { title: "change", align: "right" },
    ],
    verdict.rules.map((r) => [
      r.status === "fail" && r.level === "warn" ? "warn" : r.status,
      r.name,
      shown(r.reference, r.unit),
      shown(r.current, r.unit),
      r.delta === null
        ? "-"
        : `${r.delta > 0 ? "+" : ""}${formatRatio(Number(r.delta.toPrecision(3)))}`,
    ]),
    out.width,
    out.style.bold,
  );
  const why = verdict.rules.filter((r) => r.status !== "pass")
    .flatMap((r) => wrapText(`${r.status}: ${safeText(r.name)}: ${safeText(r.reason)}`, out.width));
  const head = verdict.baseline === null
    ? safeText(verdict.subject)
    : `${safeText(verdict.subject)} against ${safeText(verdict.baseline)}`;
  return [
    `${head}\n`,
    table,
    ...(why.length === 0 ? [] : [...why, ""]),
    `gate: ${paint(verdict.verdict)} (exit code ${verdict.exitCode})`,
    "",
  ].join("\n");
}
