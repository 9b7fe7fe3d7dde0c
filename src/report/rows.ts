import type { Evidence } from "../model/evidence.ts";
import type { Metrics, MetricUnit } from "../model/metric.ts";
import type { ReportItem } from "./input.ts";
import { familyLabel } from "./labels.ts";
import { resultLabels } from "../model/result_labels.ts";

/** One number of a report: the long form that CSV, Markdown and text print. */
export interface MetricRow {
  readonly item: string;
  readonly kind: ReportItem["kind"];
  /** Run, policy with what tells it apart, or result of an estimate. */
  readonly subject: string;
  readonly metric: string;
  /** Integers above 2^53 are decimal strings; null when unknown, and then `reason` says why. */
  readonly value: number | string | null;
  readonly unit: MetricUnit;
  readonly low: number | null;
  readonly high: number | null;
  readonly evidence: Evidence;
  readonly reason: string | null;
}

function rowsOf(item: ReportItem, subject: string, metrics: Metrics): MetricRow[] {
  return Object.entries(metrics).map(([metric, m]) => ({
    item: item.id,
    kind: item.kind,
    subject,
    metric,
    value: m.value,
    unit: m.unit,
    low: m.low ?? null,
    high: m.high ?? null,
    evidence: m.evidence,
    reason: m.reason ?? null,
  }));
}

/** Claims and measurements of a score; the claim has the evidence of a model. */
function scoreRows(item: Extract<ReportItem, { kind: "score" }>): MetricRow[] {
  return item.document.cases.flatMap((c) =>
    c.rows.flatMap((row): MetricRow[] => {
      const common = { item: item.id, kind: item.kind, metric: row.quantity, unit: row.unit };
      return [
        {
          ...common,
          subject: `${c.name}, predicted`,
          value: row.predicted,
          low: row.low,
          high: row.high,
          evidence: row.within === 0 ? "replayed" : "modelled",
          reason: null,
        },
        {
          ...common,
          subject: `${c.name}, measured`,
          value: row.measured,
          low: row.measuredLow,
          high: row.measuredHigh,
          evidence: "measured",
          reason: row.measured === null ? "the run did not measure it" : null,
        },
      ];
    })
  );
}

/** Every number of an item, in the order of its document. */
export function metricRows(item: ReportItem): MetricRow[] {
  if (item.kind === "run") return rowsOf(item, item.record.name, item.record.metrics);
  if (item.kind === "score") return scoreRows(item);
  // A verdict repeats the numbers of what it judged.
  if (item.kind === "gate") return [];
  if (item.kind === "replay") {
    const labels = resultLabels(item.document.results);
    return item.document.results.flatMap((r, i) => rowsOf(item, labels[i], r.metrics));
  }
  if (item.kind === "advice") {
    return item.document.subjects.flatMap((s) => rowsOf(item, s.name, s.metrics));
  }
  return item.document.results.flatMap((r) => rowsOf(item, r.name, r.metrics));
}

/** What an item is, in a few words. */
export function titleOf(item: ReportItem): string {
  if (item.kind === "run") return `Recording ${item.record.name}`;
  if (item.kind === "gate") return `Gate ${item.name}`;
  if (item.kind === "score") return `Predictions ${item.name}`;
  if (item.kind === "replay") {
    return `${familyLabel(item.document.family)} replay of ${item.document.trace.name}`;
  }
  if (item.kind === "advice") return item.document.title;
  return `Estimate of ${item.document.subject.name}`;
}

/** One metric on both sides of a comparison; a side is null where it does not have the metric. */
export interface DiffRow {
  readonly subject: string;
  readonly metric: string;
  readonly a: MetricRow | null;
  readonly b: MetricRow | null;
  /** (b - a) / |a|; null when a side is unknown or a is 0. */
  readonly delta: number | null;
}

/**
 * Pairs the numbers of two items by subject and metric. Where each side has a single subject their names
 * need not agree (two recordings of one workload).
 */
export function diffRows(a: ReportItem, b: ReportItem): DiffRow[] {
  const [left, right] = [metricRows(a), metricRows(b)];
  const single = [left, right].every((rows) => new Set(rows.map((r) => r.subject)).size === 1);
  const key = (r: MetricRow) => single ? r.metric : JSON.stringify([r.subject, r.metric]);
  const others = new Map(right.map((r) => [key(r), r]));
  const paired = left.map((r) => pair(r, others.get(key(r)) ?? null));
  const seen = new Set(left.map(key));
  return [...paired, ...right.filter((r) => !seen.has(key(r))).map((r) => pair(null, r))];
}

function pair(a: MetricRow | null, b: MetricRow | null): DiffRow {
  const known = (a ?? b)!;
  const [x, y] = [a?.value ?? null, b?.value ?? null].map((v) => v === null ? null : Number(v));
  const delta = x === null || y === null || x === 0 ? null : (y - x) / Math.abs(x);
  return { subject: known.subject, metric: known.metric, a, b, delta };
}
