import { formatDecimalBytes, formatNumber } from "../../model/units.ts";
import { evidenceTag } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { table } from "../table.ts";

/** A coefficient as a reader sees it: bytes with a prefix, other units as they are. */
function shown(value: number, unit: string): string {
  return unit === "B" ? formatDecimalBytes(value) : formatNumber(Number(value.toPrecision(4)));
}

/** Every coefficient that any estimate or advice used, once, with its source. */
export function assumptionsSection(items: readonly ReportItem[]): Html | null {
  const uses = new Map(
    items.flatMap((i) =>
      i.kind === "estimate" || i.kind === "advice" ? i.document.coefficients : []
    )
      .map((c) => [c.id, c]),
  );
  if (uses.size === 0) return null;
  const sorted = [...uses.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return markup`<section id="assumptions"><h2><span class="kind">Assumptions</span> Coefficients and their sources</h2><p>What the estimates multiply by. <code>--factor ID=LOW..HIGH</code> replaces one; <code>spillway explain ID</code> shows its published history.</p>${
    table(
      "Coefficients that the estimates used: middle and interval, and where they come from",
      [
        { title: "Coefficient" },
        { title: "Middle", numeric: true },
        { title: "Low to high", numeric: true },
        { title: "Unit" },
        { title: "Source" },
        { title: "As of" },
        { title: "Licence" },
      ],
      sorted.map((c) => [
        markup`<code>${c.id}</code> ${evidenceTag(c.evidence)}`,
        shown(c.mid, c.unit),
        c.low === c.high ? "exact" : `${shown(c.low, c.unit)} to ${shown(c.high, c.unit)}`,
        c.unit,
        c.source,
        c.asOf,
        c.licence,
      ]),
      { class: "sources" },
    )
  }</section>`;
}
