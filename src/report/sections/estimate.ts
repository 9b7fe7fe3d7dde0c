import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { EstimateDocument } from "../../model/results.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { metricLabel } from "../labels.ts";
import type { DrawChart } from "../render_chart.ts";
import { metricName, table } from "../table.ts";
import { whyUnknown } from "../why_unknown.ts";
import { sectionHead } from "./head.ts";

type EstimateItem = Extract<ReportItem, { kind: "estimate" }>;

/** Totals that get a picture each, and the first rows of the table. */
const CHARTED = ["total_grams_co2e", "total_usd", "energy_joules"] as const;
const FIRST = [...CHARTED, "operational_grams_co2e", "embodied_grams_co2e", "ssd_wear_ratio"];

async function chartOf(
  id: typeof CHARTED[number],
  document: EstimateDocument,
  draw: DrawChart,
): Promise<Html | null> {
  const known = document.results.map((r) => ({ name: r.name, metric: r.metrics[id] }))
    .filter(({ metric }) => typeof metric?.value === "number");
  // One bar alone compares nothing.
  if (known.length < 2) return null;
  return await draw("bars", {
    title: `${metricLabel(id)} of ${document.subject.name}, with the interval of the coefficients`,
    rows: known.map(({ name, metric }) => ({
      label: name,
      value: Number(metric.value),
      low: metric.low ?? null,
      high: metric.high ?? null,
    })),
    options: { xTitle: metricLabel(id), unit: known[0].metric.unit },
  });
}

function metricsTable(document: EstimateDocument, ids: readonly string[], caption: string): Html {
  const cells = table(
    caption,
    [{ title: "Metric" }, ...document.results.map((r) => ({ title: r.name, numeric: true }))],
    ids.map((id) => [
      metricName(metricLabel(id), id),
      ...document.results.map((r) => metricCell(r.metrics[id])),
    ]),
    { class: "metrics" },
  );
  return markup`${cells}${whyUnknown(ids, document.results.map((r) => r.metrics))}`;
}

function crossover(document: EstimateDocument): {
  title: string;
  rows: Record<string, number | string | null>[];
  options: Record<string, string | number>;
} | null {
  const { crossover: lines } = document;
  if (lines === undefined) return null;
  return {
    title: `${metricLabel(lines.metric)} over ${lines.coefficient}`,
    rows: lines.lines.flatMap((line) =>
      line.y.map((y, i) => ({ x: lines.x[i], y, series: line.name }))
    ),
    options: {
      xTitle: lines.coefficient,
      xUnit: lines.unit,
      yTitle: metricLabel(lines.metric),
      yUnit: metricDefinition(lines.metric)?.unit ?? "unit",
    },
  };
}

/** The formula and the coefficients behind every number. */
function provenance(document: EstimateDocument): Html {
  const rows = document.results.flatMap((r) =>
    Object.entries(r.provenance).map(([id, p]) => [
      document.results.length === 1 ? metricLabel(id) : `${r.name}: ${metricLabel(id)}`,
      p.formula,
      p.coefficients.join(", "),
    ])
  );
  return markup`<details><summary>Where every number comes from</summary>${
    table(
      "Formula and coefficients of each number",
      [{ title: "Number" }, { title: "Formula" }, { title: "Coefficients" }],
      rows,
      { class: "sources" },
    )
  }</details>`;
}

/** The section of an estimate. */
export async function estimateSection(item: EstimateItem, draw: DrawChart): Promise<Html> {
  const { document } = item;
  const all = [...new Set(document.results.flatMap((r) => Object.keys(r.metrics)))];
  const first = FIRST.filter((id) => all.includes(id));
  const rest = all.filter((id) => !first.includes(id));
  const notes = [...new Set(document.results.flatMap((r) => r.notes ?? []))];
  const sentences = (document.comparisons ?? []).map((c) => `${c.sentence} (${c.view} view)`);
  const charts: (Html | null)[] = [];
  for (const id of CHARTED) charts.push(await chartOf(id, document, draw));
  const lines = crossover(document);
  if (lines !== null) charts.push(await draw("lines", lines));
  return markup`<section id="${item.id}">${
    sectionHead("Estimate", document.subject.name, item.id)
  }${
    sentences.length === 0
      ? null
      : markup`<ul class="notes">${sentences.map((s) => markup`<li>${s}</li>`)}</ul>`
  }${charts}${
    metricsTable(document, first, "Energy, carbon, wear and cost: middle value and interval")
  }${
    rest.length === 0
      ? null
      : markup`<details><summary>${
        String(rest.length)
      } more: the parts, and per unit of work</summary>${
        metricsTable(document, rest, "Parts of the totals, and totals per unit of work")
      }</details>`
  }${provenance(document)}${
    notes.length === 0
      ? null
      : markup`<h3>Notes</h3><ul class="notes">${notes.map((n) => markup`<li>${n}</li>`)}</ul>`
  }${
    document.warnings.length === 0
      ? null
      : markup`<ul class="warnings">${
        document.warnings.map((w) => markup`<li><b>Warning:</b> ${w}</li>`)
      }</ul>`
  }</section>`;
}
