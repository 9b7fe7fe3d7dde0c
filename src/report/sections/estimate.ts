import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";

type EstimateItem = Extract<ReportItem, { kind: "estimate" }>;

async function chartOf(item: EstimateItem, draw: DrawChart): Promise<Html | null> {
  const id = "total_grams_co2e";
  const rows = item.document.results.map((r) => ({ name: r.name, metric: r.metrics[id] }))
    .filter(({ metric }) => typeof metric?.value === "number")
    .map(({ name, metric }) => ({
      label: name,
      value: Number(metric.value),
      low: metric.low ?? null,
      high: metric.high ?? null,
    }));
  if (rows.length === 0) return null;
  return await draw("bars", {
    title: "Carbon, with the interval of the coefficients",
    rows,
    options: { xTitle: "gCO2e" },
  });
}

/** The section of an estimate. */
export async function estimateSection(item: EstimateItem, draw: DrawChart): Promise<Html> {
  const { document } = item;
  const ids = [...new Set(document.results.flatMap((r) => Object.keys(r.metrics)))];
  const notes = [...new Set(document.results.flatMap((r) => r.notes ?? []))];
  return markup`<section id="${item.id}"><h2>Estimate of ${document.subject.name} <span class="quiet">(${item.id})</span></h2>${await chartOf(
    item,
    draw,
  )}<div class="scroll" tabindex="0" role="group" aria-label="Estimates"><table><caption>Energy, carbon, wear and cost: middle value and interval</caption><thead><tr><th scope="col">metric</th>${
    document
      .results.map((r) => markup`<th scope="col" class="n">${r.name}</th>`)
  }</tr></thead><tbody>${
    ids.map((id) =>
      markup`<tr><td>${id}</td>${
        document.results.map((r) => markup`<td class="n">${metricCell(r.metrics[id])}</td>`)
      }</tr>`
    )
  }</tbody></table></div>${
    notes.length === 0 ? null : markup`<ul>${notes.map((n) => markup`<li>${n}</li>`)}</ul>`
  }${
    document.warnings.length === 0
      ? null
      : markup`<ul>${document.warnings.map((w) => markup`<li><b>Warning:</b> ${w}</li>`)}</ul>`
  }</section>`;
}

/** Every coefficient that any estimate used, once, with its source. */
export function assumptionsSection(items: readonly EstimateItem[]): Html | null {
  const uses = new Map(items.flatMap((i) => i.document.coefficients).map((c) => [c.id, c]));
  if (uses.size === 0) return null;
  const number = (x: number) => String(Number(x.toPrecision(6)));
  return markup`<section id="assumptions">
      <h2>Assumptions</h2>
      <div class="scroll" tabindex="0" role="group" aria-label="Assumptions">
        <table>
          <caption>Coefficients that the estimates used: low, middle, high, and where they come from</caption>
          <thead>
            <tr>
              <th scope="col">coefficient</th>
              <th scope="col" class="n">low</th>
              <th scope="col" class="n">middle</th>
              <th scope="col" class="n">high</th>
              <th scope="col">unit</th>
              <th scope="col">source</th>
              <th scope="col">as of</th>
            </tr>
          </thead>
          <tbody>${
    [...uses.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((c) =>
      markup`
              <tr>
                <td>${c.id} <span class="tag ${c.evidence}">${c.evidence}</span></td>
                <td class="n">${number(c.low)}</td>
                <td class="n">${number(c.mid)}</td>
                <td class="n">${number(c.high)}</td>
                <td>${c.unit}</td>
                <td>${c.source}</td>
                <td>${c.asOf}</td>
              </tr>
            `
    )
  }</tbody>
        </table>
      </div>
    </section>`;
}
