import type { ScoredCase, ScoreDocument, ScoreRow } from "../../model/prediction.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import { formatRatio } from "../../model/units.ts";
import type { Output } from "../output.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

const percent = (x: number | null): string =>
  x === null ? "-" : `${x > 0 ? "+" : ""}${formatRatio(Number(x.toPrecision(3)))}`;

function verdictOf(row: ScoreRow): string {
  if (row.verdict !== "miss") return row.verdict;
  return row.within === 0 ? "miss (exact)" : `miss (> ${formatRatio(row.within)})`;
}

function rowsOf(rows: readonly ScoreRow[], out: Output): string {
  return renderTable(
    ["claim", "predicted", "measured", "error", "spread", "verdict"].map((title, i) => ({
      title,
      align: i === 0 || i === 5 ? "left" as const : "right" as const,
      flexible: i === 0,
    })),
    rows.map((row) => [
      row.quantity,
      formatInUnit(row.predicted, row.unit),
      row.measured === null ? "-" : formatInUnit(row.measured, row.unit),
      percent(row.relativeError),
      row.spread === null ? "-" : formatRatio(Number(row.spread.toPrecision(3))),
      verdictOf(row),
    ]),
    out.width,
    out.style.bold,
  );
}

/** One line a case: the change, exact claims hit, the first timed claim, misses by name. */
function caseTable(cases: readonly ScoredCase[], out: Output): string {
  const table = renderTable(
    ["#", "case", "exact", "predicted", "measured", "error", "misses"].map((title, i) => ({
      title,
      align: i === 1 || i === 6 ? "left" as const : "right" as const,
      flexible: i === 1,
      wrap: i === 1,
    })),
    cases.map((c, i) => {
      if (c.refused !== null) return [String(i + 1), c.name, "-", "-", "-", "-", "refused"];
      const exact = c.rows.filter((r) => r.within === 0);
      const timed = c.rows.find((r) => r.within > 0 && r.measured !== null);
      const misses = c.rows.filter((r) => r.verdict === "miss").length;
      return [
        String(i + 1),
        c.name,
        `${exact.filter((r) => r.verdict === "hit").length}/${exact.length}`,
        timed === undefined ? "-" : formatInUnit(timed.predicted, timed.unit),
        timed === undefined ? "-" : formatInUnit(timed.measured!, timed.unit),
        timed === undefined ? "-" : percent(timed.relativeError),
        misses === 0 ? "none" : String(misses),
      ];
    }),
    out.width,
    out.style.bold,
  );
  const missed = cases.flatMap((c, i) =>
    c.rows.filter((r) => r.verdict === "miss").map((r) =>
      `${i + 1}. ${r.quantity}: predicted ${formatInUnit(r.predicted, r.unit)}, measured ${
        formatInUnit(r.measured!, r.unit)
      } (${percent(r.relativeError)}, bar ${formatRatio(r.within)}, repeats spread ${
        r.spread === null ? "-" : formatRatio(Number(r.spread.toPrecision(3)))
      })`
    )
  );
  const refused = cases.filter((c) => c.refused !== null).map((c) => `${c.name}: ${c.refused}`);
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0
      ? ""
      : `\n${title}\n${lines.flatMap((l) => wrapText(`- ${l}`, out.width)).join("\n")}\n`;
  return table + list("Every miss:", missed) + list("Refused to predict:", refused);
}

/** A score for people: one prediction line by line, several as one line each with every miss named. */
export function renderScore(document: ScoreDocument, out: Output): string {
  const { cases } = document;
  const body = cases.length === 1 && cases[0].refused === null
    ? rowsOf(cases[0].rows, out)
    : caseTable(cases, out);
  const seal = cases.length === 1 && cases[0].sha256 !== null
    ? `\nsealed before the run: sha256 ${cases[0].sha256}`
    : "";
  const words = `${document.summary}. ${document.explanation}`;
  return `${body}\n${wrapText(words, out.width).join("\n")}${seal}\n`;
}
