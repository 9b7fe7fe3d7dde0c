import { counted } from "../../model/plural.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { ValidationRow } from "../../replay/offload/validation.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";
import type { ValidationDocument } from "./validate_run.ts";

function difference(row: ValidationRow): string {
  if (row.difference === null) return "-";
  const sign = row.difference > 0 ? "+" : "";
  return `${sign}${row.difference.toFixed(1)} ${row.differenceUnit === "points" ? "points" : "%"}`;
}

/** Reproduced against counted, quantity by quantity, and the verdict. */
export function renderValidation(document: ValidationDocument, out: Output): string {
  const value = (row: ValidationRow, v: number | null) =>
    v === null ? "-" : formatInUnit(v, row.unit);
  const table = renderTable(
    [
      { title: "quantity", flexible: true },
      { title: "reproduced", align: "right" },
      { title: "counted", align: "right" },
      { title: "difference", align: "right" },
      { title: "bar", align: "right" },
    ],
    document.rows.map((row) => [
      row.quantity.replaceAll("_", " "),
      value(row, row.reproduced),
      value(row, row.counted),
      difference(row),
      row.bar === null || row.verdict === "not counted" ? "-" : `${row.bar} ${row.verdict}`,
    ]),
    out.width,
    out.style.bold,
  );
  const missing = [
    ...new Set(
      document.rows.filter((r) => r.verdict === "not counted")
        .map((r) => r.reason),
    ),
  ];
  const head = `Run ${out.style.bold(safeText(document.run.name))} under as-run: ` +
    `${counted(document.trace.rows, "request")} of ${safeText(document.trace.name)}, ` +
    `${document.profiles.llm} on ${document.profiles.hardware}`;
  return [
    ...wrapText(head, out.width),
    "",
    table,
    ...wrapText(safeText(document.sentence), out.width),
    ...(document.assumed.length === 0 ? [] : [
      "",
      ...wrapText(
        `- assumed, for the run does not say it: ${document.assumed.join("; ")}`,
        out.width,
      ),
    ]),
    ...document.notes.flatMap((note) => wrapText(`- ${safeText(note)}`, out.width)),
    ...missing.flatMap((reason) => wrapText(`- ${reason}`, out.width)),
    "",
  ].join("\n");
}
