import { formatRatio } from "../../model/units.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { diffRows, type MetricRow, titleOf } from "../rows.ts";

function cell(row: MetricRow | null): Html {
  if (row === null) return metricCell(undefined);
  const { value, unit, evidence } = row;
  return metricCell({
    value,
    unit,
    evidence,
    ...(row.low === null ? {} : { low: row.low }),
    ...(row.high === null ? {} : { high: row.high }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  });
}

/** What differs between two items; what is the same is only counted. */
export function diffSection(a: ReportItem, b: ReportItem): Html {
  const rows = diffRows(a, b);
  const changed = rows.filter((r) => r.a?.value !== r.b?.value);
  return markup`<section id="diff"><h2>Difference: ${a.id} to ${b.id}</h2><p>${
    titleOf(a)
  } against ${titleOf(b)}: ${String(changed.length)} of ${
    String(rows.length)
  } numbers differ. A difference between single measured runs may be noise.</p><div class="scroll" tabindex="0" role="group" aria-label="Differences"><table><caption>Numbers that differ</caption><thead><tr><th scope="col">subject</th><th scope="col">metric</th><th scope="col" class="n">${a.id}</th><th scope="col" class="n">${b.id}</th><th scope="col" class="n">change</th></tr></thead><tbody>${
    changed.map((r) =>
      markup`<tr><td>${r.subject}</td><td>${r.metric}</td><td class="n">${
        cell(r.a)
      }</td><td class="n">${cell(r.b)}</td><td class="n">${
        r.delta === null ? "-" : formatRatio(Number(r.delta.toPrecision(3)))
      }</td></tr>`
    )
  }</tbody></table></div></section>`;
}
