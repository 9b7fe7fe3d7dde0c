import { formatInUnit } from "../../model/format_metric.ts";
import type { ScoredCase, ScoreDocument, ScoreRow } from "../../model/prediction.ts";
import { formatRatio } from "../../model/units.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";
import { facts, table } from "../table.ts";
import { sectionHead } from "./head.ts";

type ScoreItem = Extract<ReportItem, { kind: "score" }>;

const ratio = (x: number | null): string =>
  x === null ? "-" : `${x > 0 ? "+" : ""}${formatRatio(Number(x.toPrecision(3)))}`;

/** The claims with a bar; of several cases the first one each, which is what the case is about. */
function timedRows(document: ScoreDocument): { label: string; row: ScoreRow }[] {
  const several = document.cases.length > 1;
  return document.cases.flatMap((c) => {
    const timed = c.rows.filter((r) => r.within > 0 && r.relativeError !== null);
    return (several ? timed.slice(0, 1) : timed)
      .map((row) => ({ label: several ? c.name : row.quantity, row }));
  });
}

/** Errors against the fastest and the slowest repeat. */
function errorRange(row: ScoreRow): { low: number; high: number } {
  const against = [row.measuredHigh ?? row.measured!, row.measuredLow ?? row.measured!]
    .map((measured) => row.predicted / measured - 1);
  return { low: Math.min(...against), high: Math.max(...against) };
}

async function errorChart(document: ScoreDocument, draw: DrawChart): Promise<Html | null> {
  const rows = timedRows(document);
  if (rows.length === 0) return null;
  return await draw("prediction_errors", {
    title: "Errors of the predicted times",
    rows: rows.map(({ label, row }) => ({
      label,
      error: row.relativeError,
      ...errorRange(row),
      within: row.within,
      hit: row.verdict === "hit" ? 1 : 0,
    })),
    options: {},
  });
}

function verdictCell(row: ScoreRow): Html {
  const status = row.verdict === "hit" ? "pass" : row.verdict === "miss" ? "fail" : "inconclusive";
  const bar = row.within === 0 ? "equal" : `within ${formatRatio(row.within)}`;
  return markup`<span class="status ${status}">${row.verdict}</span> <span class="quiet">${bar}</span>`;
}

function claimTable(caption: string, rows: readonly ScoreRow[]): Html {
  return table(
    caption,
    [
      { title: "Claim" },
      { title: "Predicted", numeric: true },
      { title: "Measured", numeric: true },
      { title: "Error", numeric: true },
      { title: "Spread", numeric: true },
      { title: "Repeats", numeric: true },
      { title: "Verdict" },
    ],
    rows.map((r) => [
      r.quantity,
      formatInUnit(r.predicted, r.unit),
      r.measured === null ? "-" : formatInUnit(r.measured, r.unit),
      ratio(r.relativeError),
      r.spread === null ? "-" : formatRatio(Number(r.spread.toPrecision(3))),
      String(r.repeats),
      verdictCell(r),
    ]),
  );
}

function caseTable(cases: readonly ScoredCase[]): Html {
  return table(
    "Every sealed prediction",
    [
      { title: "Case" },
      { title: "Exact claims hit", numeric: true },
      { title: "Predicted", numeric: true },
      { title: "Measured", numeric: true },
      { title: "Error", numeric: true },
      { title: "Misses" },
      { title: "SHA-256 before the run" },
    ],
    cases.map((c) => {
      if (c.refused !== null) return [c.name, "-", "-", "-", "-", `refused: ${c.refused}`, "-"];
      const exact = c.rows.filter((r) => r.within === 0);
      const timed = c.rows.find((r) => r.within > 0 && r.measured !== null);
      const misses = c.rows.filter((r) => r.verdict === "miss");
      return [
        c.name,
        `${exact.filter((r) => r.verdict === "hit").length} of ${exact.length}`,
        timed === undefined ? "-" : formatInUnit(timed.predicted, timed.unit),
        timed === undefined ? "-" : formatInUnit(timed.measured!, timed.unit),
        timed === undefined ? "-" : ratio(timed.relativeError),
        misses.length === 0
          ? "none"
          : misses.map((r) => `${r.quantity} ${ratio(r.relativeError)}`).join("; "),
        markup`<code class="hash">${(c.sha256 ?? "-").slice(0, 16)}</code>`,
      ];
    }),
  );
}

/** The section of a score: predicted against measured, with every miss. */
export async function scoreSection(
  { id, name, document }: ScoreItem,
  draw: DrawChart,
): Promise<Html> {
  const { cases, machine } = document;
  const details = cases.length === 1
    ? claimTable("Every claim of the prediction", cases[0].rows)
    : markup`${caseTable(cases)}<details><summary>Every claim of every prediction</summary>${
      cases.filter((c) => c.rows.length > 0).map((c) => claimTable(c.name, c.rows))
    }</details>`;
  const seal = cases.length === 1 ? cases[0].sha256 : null;
  return markup`<section id="${id}">${
    sectionHead("Predicted against measured", name, id)
  }<p class="verdict">${document.summary}. ${document.explanation}</p>${
    facts([
      ["Measured", document.measuredAt],
      [
        "Machine",
        `${machine.cpuModel}, ${machine.logicalCpus} processors, ${machine.kernel}, ${machine.runtime}`,
      ],
      [
        "Noise of fixed work",
        typeof machine.noiseRatio === "number"
          ? formatRatio(Number(machine.noiseRatio.toPrecision(2)))
          : null,
      ],
      ["Sealed before the run", seal === null ? null : markup`<code class="hash">${seal}</code>`],
    ])
  }${await errorChart(document, draw)}${details}</section>`;
}
