import type { AdviceDocument } from "../../model/advice.ts";
import type { Figure } from "../../model/figure.ts";
import type { Json } from "../../model/json.ts";
import type { Metrics } from "../../model/metric.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { CoefficientUse } from "../../model/results.ts";
import type { AdviseDocument } from "../schemas/advise_schema.ts";

function valueOf(metrics: Metrics, id: string): number | null {
  const value = metrics[id]?.value;
  return value === null || value === undefined ? null : Number(value);
}

/** Points further out than this many times the front are counted, not drawn: they would squeeze the rest. */
const REACH = 3;

function nearTheFront<T extends { x: number | null; y: number | null; group: string }>(
  rows: readonly T[],
): T[] {
  const front = rows.filter((r) => r.group !== "searched");
  const most = (key: "x" | "y") => Math.max(...front.map((r) => r[key]!)) * REACH;
  if (front.length === 0) return [...rows];
  const [x, y] = [most("x"), most("y")];
  return rows.filter((r) => r.x! <= x && r.y! <= y);
}

/** Every searched point over two objectives, the front and the recommended one on top of the others. */
function paretoFigure(document: AdviseDocument, x: string, y: string): Figure {
  const front = new Set(document.front.map((f) => f.point));
  const chosen = document.recommendation.point;
  const groupOf = (i: number) =>
    i === chosen ? "recommended" : front.has(i) ? "Pareto front" : "searched";
  const rows = document.points.map((p, i) => ({
    x: valueOf(p.metrics as Metrics, x),
    y: valueOf(p.metrics as Metrics, y),
    group: groupOf(i),
    label: i === chosen ? p.policy : "",
    name: p.name,
  }));
  const order = ["searched", "Pareto front", "recommended"];
  const known = rows.filter((r) => r.x !== null && r.y !== null);
  const near = nearTheFront(known);
  const beyond = known.length - near.length;
  return {
    chart: "points",
    title: `${metricDefinition(y)?.title ?? y} over ${metricDefinition(x)?.title ?? x} of ` +
      `${near.length} points` + (beyond === 0 ? "" : ` (${beyond} lie further out)`),
    rows: near.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group)),
    options: {
      xTitle: metricDefinition(x)?.title ?? x,
      yTitle: metricDefinition(y)?.title ?? y,
      xUnit: metricDefinition(x)?.unit ?? "unit",
      yUnit: metricDefinition(y)?.unit ?? "unit",
    },
  };
}

/** The advice as the store keeps it and a report shows it. */
export function advisePage(document: AdviseDocument): AdviceDocument {
  const { objectives, recommendation, minimize } = document;
  const first = (point: number) => point === recommendation.point ? 0 : 1;
  const job = document.job === undefined ? null : advisePage(document.job);
  const latency = objectives.find((id) => id !== minimize && !/usd|co2e|wear/.test(id));
  const pairs: [string, string][] = [
    ...(latency === undefined ? [] : [[latency, minimize] as [string, string]]),
    ...(objectives.includes("total_usd") && objectives.includes("total_grams_co2e")
      ? [["total_usd", "total_grams_co2e"] as [string, string]]
      : []),
  ];
  const bounds = document.slo.map((s) => `${s.metric} ${s.operator} ${s.bound}`).join(", ");
  const found = recommendation.point === null
    ? "no point keeps the bounds"
    : document.points[recommendation.point].name;
  return {
    schema: "spillway/advice/1",
    tool: { ...document.tool },
    summary: `${document.searched} points on ${document.trace.name}: ${found}`,
    title: `Advice on ${document.trace.name}: least ${minimize}` +
      (bounds === "" ? "" : ` with ${bounds}`),
    verdicts: [
      recommendation.reason,
      ...(recommendation.stability ?? []).map((s) => `${s.sentence} (${s.view} view)`),
      ...(job?.verdicts.map((v) => `the whole job: ${v}`) ?? []),
    ],
    subjects: [
      ...document.front.toSorted((a, b) => first(a.point) - first(b.point)).map((f) => ({
        name: document.points[f.point].name,
        metrics: f.metrics as Metrics,
        command: f.command,
      })),
      ...(job?.subjects ?? []),
    ],
    figures: [...pairs.map(([x, y]) => paretoFigure(document, x, y)), ...(job?.figures ?? [])],
    coefficients: [
      ...document.coefficients as CoefficientUse[],
      ...(job?.coefficients ?? []).filter((c) =>
        !document.coefficients.some((own) => own.id === c.id)
      ),
    ],
    warnings: [...new Set([...document.warnings, ...(job?.warnings ?? [])])],
    answer: document as unknown as Json,
  };
}
