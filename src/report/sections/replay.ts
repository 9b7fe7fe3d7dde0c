import type { Json } from "../../model/json.ts";
import { resultLabels } from "../../model/result_labels.ts";
import { attributedNotes } from "../../model/result_notes.ts";
import type { ReplayDocument } from "../../model/results.ts";
import { formatNumber } from "../../model/units.ts";
import { downsampleMinMax } from "../downsample.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { familyLabel, humanWords, metricLabel } from "../labels.ts";
import type { DrawChart } from "../render_chart.ts";
import { sweepCurves } from "../sweep.ts";
import { panelRows, splitMetrics } from "../shape.ts";
import { facts, metricName, table } from "../table.ts";
import { whyUnknown } from "../why_unknown.ts";
import { sectionHead } from "./head.ts";

type ReplayItem = Extract<ReportItem, { kind: "replay" }>;

const POINTS = 300;
const FINE_POINTS = 1000;
/** Most lines of one chart: more cannot be told apart. */
const MOST_LINES = 6;

/** A sweep through numbers as lines over its parameters; everything else as bars by rank. */
async function rankingCharts(document: ReplayDocument, draw: DrawChart): Promise<Html[]> {
  const { by, better } = document.ranking;
  const curves = sweepCurves(document);
  if (curves.length === 0) {
    const bars = await rankingChart(document, draw);
    return bars === null ? [] : [bars];
  }
  const unit = document.results.map((r) => r.metrics[by]?.unit).find((u) => u !== undefined);
  const drawn: Html[] = [];
  for (const { parameter, xUnit, rows } of curves) {
    drawn.push(
      await draw("sweep", {
        title: `${metricLabel(by)}: ${better} is better`,
        rows,
        options: {
          xTitle: parameter,
          yTitle: metricLabel(by),
          better,
          ...(xUnit === null ? {} : { xUnit }),
          ...(unit === undefined ? {} : { unit }),
        },
      }),
    );
  }
  return drawn;
}

async function rankingChart(document: ReplayDocument, draw: DrawChart): Promise<Html | null> {
  const labels = resultLabels(document.results);
  const { by, better } = document.ranking;
  const known = document.ranking.order.map(({ result }) => ({
    label: labels[result],
    metric: document.results[result].metrics[by],
  })).filter(({ metric }) => metric?.value !== null && metric?.value !== undefined);
  if (known.length < 2) return null;
  return await draw("bars", {
    title: `${metricLabel(by)}: ${better} is better`,
    rows: known.map(({ label, metric }) => ({
      label,
      value: Number(metric.value),
      low: metric.low ?? null,
      high: metric.high ?? null,
    })),
    options: { xTitle: metricLabel(by), unit: known[0].metric.unit, best: known[0].label },
  });
}

async function panels(document: ReplayDocument, draw: DrawChart): Promise<Html | null> {
  const rows = panelRows(document);
  if (rows.length === 0) return null;
  return await draw("small_multiples", {
    title: "Where the policies differ most",
    rows,
    options: {},
  });
}

async function seriesCharts(item: ReplayItem, draw: DrawChart): Promise<Html[]> {
  const { document } = item;
  const labels = resultLabels(document.results);
  const places = document.ranking.order.map((entry) => entry.result);
  const ids = [...new Set(document.results.flatMap((r) => (r.series ?? []).map((s) => s.id)))];
  const figures: Html[] = [];
  for (const id of ids) {
    const all = places.flatMap((i) =>
      (document.results[i].series ?? []).filter((s) => s.id === id)
        .map((series) => ({ series, label: labels[i] }))
    );
    const shown = all.slice(0, MOST_LINES);
    const [{ series: first }] = shown;
    const rows = (points: number) =>
      shown.flatMap(({ series, label }) => {
        const thin = downsampleMinMax(series.x, series.y, points);
        return thin.x.map((x, j) => ({ x, y: thin.y[j], series: label }));
      });
    const left = all.length > shown.length ? ` (the best ${shown.length} of ${all.length})` : "";
    figures.push(
      await draw("lines", {
        title: first.title + left,
        rows: rows(POINTS),
        options: {
          xUnit: first.xUnit,
          xTitle: first.xUnit === "seconds" ? "time" : first.xUnit,
          yUnit: first.unit,
          yTitle: humanWords(first.unit === "unit" ? first.title : first.unit),
        },
        explore: { group: `${item.id}-${first.xUnit}`, rows: rows(FINE_POINTS) },
      }),
    );
  }
  return figures;
}

/** The pictures that results carry; with several results each says whose it is. */
async function carriedFigures(document: ReplayDocument, draw: DrawChart): Promise<Html[]> {
  const labels = resultLabels(document.results);
  const shared = (document.figures ?? []).map((figure) => ({ figure, title: figure.title }));
  const own = document.ranking.order.flatMap(({ result }) =>
    (document.results[result].figures ?? []).map((figure) => ({
      figure,
      title: document.results.length > 1 ? `${figure.title}: ${labels[result]}` : figure.title,
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

function metricsTable(document: ReplayDocument, ids: readonly string[], caption: string): Html {
  const labels = resultLabels(document.results);
  const columns = document.ranking.order;
  const cells = table(
    caption,
    [
      { title: "Metric" },
      ...columns.map((e) => ({ title: `${e.rank}. ${labels[e.result]}`, numeric: true })),
    ],
    ids.map((id) => [
      metricName(metricLabel(id), id),
      ...columns.map((e) => metricCell(document.results[e.result].metrics[id])),
    ]),
    {
      class: "metrics",
      rowClass: (i) => ids[i] === document.ranking.by ? "best" : "",
    },
  );
  return markup`${cells}${whyUnknown(ids, columns.map((e) => document.results[e.result].metrics))}`;
}

function metricsTables(document: ReplayDocument): Html {
  const { differ, same } = splitMetrics(document);
  const by = metricLabel(document.ranking.by);
  const first = document.ranking.order.slice(0, 1);
  return markup`${
    differ.length === 0
      ? null
      : metricsTable(document, differ, `Metrics of every policy, best first by ${by}`)
  }${
    same.length === 0
      ? null
      : markup`<details><summary>${String(same.length)} ${
        same.length === 1 ? "metric is" : "metrics are"
      } the same for every policy</summary>${
        table(
          "The same for every policy",
          [{ title: "Metric" }, { title: "Value", numeric: true }],
          same.map((id) => [
            metricName(metricLabel(id), id),
            ...first.map((e) => metricCell(document.results[e.result].metrics[id])),
          ]),
        )
      }${whyUnknown(same, first.map((e) => document.results[e.result].metrics))}</details>`
  }`;
}

function legends(document: ReplayDocument): Html {
  const seen = new Map(document.results.map((r) => [r.policy, r.legend]));
  return markup`<details><summary>What the policies are</summary><dl class="legends">${
    [...seen].map(([name, legend]) =>
      markup`<dt>${name}${
        legend.lossy ? " (changes the model's results)" : ""
      }</dt><dd>${legend.summary}. <span class="quiet">${legend.reference}</span></dd>`
    )
  }</dl></details>`;
}

/** Name of a profile as a fact. */
function profileName(profile: Json | undefined): string | null {
  if (typeof profile === "string") return profile;
  const name = (profile as { name?: unknown } | null)?.name;
  return typeof name === "string" ? name : null;
}

/** The section of a replay. */
export async function replaySection(item: ReplayItem, draw: DrawChart): Promise<Html> {
  const { document } = item;
  const { trace, profiles } = document;
  const notes = attributedNotes(document.results);
  return markup`<section id="${item.id}">${
    sectionHead(`${familyLabel(document.family)} replay`, trace.name, item.id)
  }<p class="verdict">${document.ranking.recommendation}</p>${
    facts([
      ["Trace", `${formatNumber(trace.rows)} ${trace.kind}, read as ${trace.format}`],
      ["Hardware", profileName(profiles.hardware)],
      ["Model", profileName(profiles.llm)],
      ["Site", profileName(profiles.site)],
    ])
  }${await rankingCharts(document, draw)}${await panels(document, draw)}${metricsTables(document)}${
    notes.length === 0
      ? null
      : markup`<h3>Notes</h3><ul class="notes">${notes.map((n) => markup`<li>${n}</li>`)}</ul>`
  }${await carriedFigures(document, draw)}${await seriesCharts(item, draw)}${
    legends(document)
  }</section>`;
}
