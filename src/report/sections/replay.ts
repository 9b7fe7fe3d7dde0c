import { resultLabels } from "../../model/result_labels.ts";
import type { ReplayDocument } from "../../model/results.ts";
import { downsampleMinMax } from "../downsample.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";

type ReplayItem = Extract<ReportItem, { kind: "replay" }>;

const POINTS = 300;
const MOST_SERIES_CHARTS = 6;

async function rankingChart(document: ReplayDocument, draw: DrawChart): Promise<Html | null> {
  const labels = resultLabels(document.results);
  const rows = document.ranking.order.map(({ result }) => {
    const metric = document.results[result].metrics[document.ranking.by];
    return {
      label: labels[result],
      value: metric?.value === null || metric?.value === undefined ? null : Number(metric.value),
      low: metric?.low ?? null,
      high: metric?.high ?? null,
    };
  }).filter((r) => r.value !== null);
  if (rows.length < 2) return null;
  const title = `${document.ranking.by} (${document.ranking.better} is better)`;
  return await draw("bars", { title, rows, options: { xTitle: document.ranking.by } });
}

async function seriesCharts(document: ReplayDocument, draw: DrawChart): Promise<Html[]> {
  const labels = resultLabels(document.results);
  const byId = new Map<
    string,
    {
      title: string;
      unit: string;
      xUnit: string;
      rows: { x: number; y: number | null; series: string }[];
    }
  >();
  document.results.forEach((result, i) => {
    for (const series of result.series ?? []) {
      const entry = byId.get(series.id) ??
        { title: series.title, unit: series.unit, xUnit: series.xUnit, rows: [] };
      const thin = downsampleMinMax(series.x, series.y, POINTS);
      entry.rows.push(...thin.x.map((x, j) => ({ x, y: thin.y[j], series: labels[i] })));
      byId.set(series.id, entry);
    }
  });
  const figures: Html[] = [];
  for (const entry of [...byId.values()].slice(0, MOST_SERIES_CHARTS)) {
    figures.push(
      await draw("lines", {
        title: entry.title,
        rows: entry.rows,
        options: { xTitle: entry.xUnit, yTitle: entry.unit },
      }),
    );
  }
  return figures;
}

/** The pictures that results carry; with several results each says whose it is. */
async function carriedFigures(document: ReplayDocument, draw: DrawChart): Promise<Html[]> {
  const labels = resultLabels(document.results);
  const shared = (document.figures ?? []).map((figure) => ({ figure, title: figure.title }));
  const own = document.results.flatMap((result, i) =>
    (result.figures ?? []).map((figure) => ({
      figure,
      title: document.results.length > 1 ? `${figure.title}: ${labels[i]}` : figure.title,
    }))
  );
  const drawn: Html[] = [];
  for (const { figure, title } of [...shared, ...own]) {
    drawn.push(
      await draw(figure.chart, { title, rows: figure.rows, options: figure.options ?? {} }),
    );
  }
  return drawn;
}

function rankingTable(document: ReplayDocument): Html {
  const labels = resultLabels(document.results);
  const ids = [...new Set(document.results.flatMap((r) => Object.keys(r.metrics)))];
  const by = document.ranking.by;
  const ordered = [by, ...ids.filter((id) => id !== by)];
  const columns = document.ranking.order;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Metrics of every policy">
      <table>
        <caption>Metrics of every policy, best first by ${by}</caption>
        <thead>
          <tr><th scope="col">metric</th>${
    columns.map((e) =>
      markup`<th scope="col" class="n">${String(e.rank)}. ${labels[e.result]}</th>`
    )
  }</tr>
        </thead>
        <tbody>${
    ordered.map((id) =>
      markup`<tr class="${id === by ? "best" : ""}"><td>${id}</td>${
        columns.map((e) =>
          markup`<td class="n">${metricCell(document.results[e.result].metrics[id])}</td>`
        )
      }</tr>`
    )
  }</tbody>
      </table>
    </div>`;
}

function legends(document: ReplayDocument): Html {
  const seen = new Map(document.results.map((r) => [r.policy, r.legend]));
  return markup`<details>
      <summary>What the policies are</summary>
      <ul>${
    [...seen].map(([name, legend]) =>
      markup`<li><b>${name}</b>: ${legend.summary}. <span class="quiet">${legend.reference}</span></li>`
    )
  }</ul>
    </details>`;
}

/** The section of a replay. */
export async function replaySection(item: ReplayItem, draw: DrawChart): Promise<Html> {
  const { document } = item;
  const notes = [...new Set(document.results.flatMap((r) => r.notes ?? []))];
  const { trace } = document;
  return markup`<section id="${item.id}"><h2>Replay: ${document.family} on ${trace.name} <span class="quiet">(${item.id})</span></h2><p class="verdict">${document.ranking.recommendation}</p><p class="quiet">${
    String(trace.rows)
  } ${trace.kind} of format ${trace.format}, seed ${String(document.seed)}${
    trace.sha256 === null ? "" : `, sha256 ${trace.sha256.slice(0, 16)}`
  }</p>${await rankingChart(
    document,
    draw,
  )}${rankingTable(document)}${
    notes.length === 0 ? null : markup`<ul>${notes.map((n) => markup`<li>${n}</li>`)}</ul>`
  }${await carriedFigures(document, draw)}${await seriesCharts(
    document,
    draw,
  )}${legends(document)}</section>`;
}
