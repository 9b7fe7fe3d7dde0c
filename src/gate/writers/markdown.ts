import { formatNumber, formatRatio } from "../../model/units.ts";
import { oneLine } from "../../model/plain_text.ts";
import type { RuleResult, Verdict } from "../verdict.ts";

const WORDS = { pass: "passed", fail: "failed", inconclusive: "inconclusive", error: "error" };

/** Text inside a Markdown table cell: one line, neither pipes nor HTML nor Markdown. */
function cell(text: string): string {
  return oneLine(text)
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    // An underscore within a word marks nothing: metric ids stay readable.
    .replace(/[\\`*[\]|~]|(?<!\w)_|_(?!\w)/g, (mark) => `\\${mark}`);
}

function row(r: RuleResult): string {
  const number = (x: number | null) => x === null ? "-" : formatNumber(x);
  return `| ${
    [
      r.status === "fail" && r.level === "warn" ? "warned" : WORDS[r.status],
      r.name,
      number(r.reference),
      number(r.current),
      r.delta === null ? "-" : formatRatio(Number(r.delta.toPrecision(3))),
      r.evidence ?? "-",
      r.reason,
    ].map(cell).join(" | ")
  } |`;
}

/** The verdict as a job summary. */
export function toMarkdown(verdict: Verdict): string {
  return [
    `## Spillway gate: ${WORDS[verdict.verdict]}`,
    "",
    cell(verdict.subject) +
    (verdict.baseline === null ? "" : ` against ${cell(verdict.baseline)}`),
    "",
    "| status | metric | reference | current | change | evidence | why |",
    "| --- | --- | ---: | ---: | ---: | --- | --- |",
    ...verdict.rules.map(row),
    "",
  ].join("\n");
}
