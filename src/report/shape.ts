/** The shaping of results for tables and charts: the one place that uses Arquero. */
import { desc, from, op } from "arquero";
import { metricDefinition } from "../model/metrics/catalog.ts";
import { resultLabels } from "../model/result_labels.ts";
import type { ReplayDocument } from "../model/results.ts";
import { metricLabel } from "./labels.ts";

/** Most panels of the small multiples. */
const MOST_PANELS = 6;

interface LongRow {
  readonly metric: string;
  readonly place: number;
  readonly label: string;
  readonly value: number | string | null;
  readonly number: number | null;
  readonly unit: string;
}

/** Every metric of every result, in the order of the ranking. */
function longRows(document: ReplayDocument): LongRow[] {
  const labels = resultLabels(document.results);
  return document.ranking.order.flatMap(({ result }, place) =>
    Object.entries(document.results[result].metrics).map(([metric, m]) => ({
      metric,
      place,
      label: labels[result],
      value: m.value,
      number: m.value === null ? null : Number(m.value),
      unit: m.unit,
    }))
  );
}

/** Ids of the metrics that tell the results apart, and of those that are the same for all of them. */
export function splitMetrics(document: ReplayDocument): { differ: string[]; same: string[] } {
  const rows = longRows(document);
  if (rows.length === 0) return { differ: [], same: [] };
  const summary = from(rows.map((r) => ({ ...r, value: String(r.value) })))
    .groupby("metric")
    .rollup({ distinct: op.distinct("value"), count: op.count() })
    .objects() as { metric: string; distinct: number; count: number }[];
  const all = document.results.length;
  const differs = new Set(
    summary.filter((s) => all === 1 || s.distinct > 1 || s.count < all).map((s) => s.metric),
  );
  const ids = [...new Set(rows.map((r) => r.metric))];
  const { by } = document.ranking;
  const ordered = [...ids.filter((id) => id === by), ...ids.filter((id) => id !== by)];
  return {
    differ: ordered.filter((id) => differs.has(id)),
    same: ordered.filter((id) => !differs.has(id)),
  };
}

/** A row of the chart `small_multiples`. */
export interface PanelRow {
  readonly [key: string]: string | number;
  readonly label: string;
  readonly panel: string;
  readonly value: number;
  readonly unit: string;
  readonly best: 0 | 1;
}

/**
 * Rows of the small multiples: the metrics with a direction in which the results lie furthest apart, the
 * ranking's own left out. Empty for fewer than two results or panels.
 */
export function panelRows(document: ReplayDocument): PanelRow[] {
  const known = longRows(document).filter((r) =>
    r.number !== null && r.number >= 0 && r.metric !== document.ranking.by &&
    (metricDefinition(r.metric)?.better ?? "none") !== "none"
  );
  if (document.results.length < 2 || known.length === 0) return [];
  const spread = from(known)
    .groupby("metric")
    .rollup({ low: op.min("number"), high: op.max("number"), count: op.count() })
    .filter("d => d.high > d.low")
    .derive({ spread: "d => (d.high - d.low) / d.high" })
    .orderby(desc("count"), desc("spread"))
    .objects({ limit: MOST_PANELS }) as { metric: string; low: number; high: number }[];
  if (spread.length < 2) return [];
  return spread.flatMap(({ metric, low, high }) => {
    const best = metricDefinition(metric)!.better === "lower" ? low : high;
    return known.filter((r) => r.metric === metric).map((r): PanelRow => ({
      label: r.label,
      panel: metricLabel(metric),
      value: r.number!,
      unit: r.unit,
      best: r.number === best ? 1 : 0,
    }));
  });
}

/** Points of a trade-off: `front` is 1 where no other point is at least as good in all and better in one. */
export function paretoRows<
  P extends { readonly label: string; readonly x: number; readonly y: number; readonly z: number },
>(points: readonly P[]): (P & { readonly front: 0 | 1 })[] {
  const beats = (a: P, b: P) =>
    a.x <= b.x && a.y <= b.y && a.z <= b.z && (a.x < b.x || a.y < b.y || a.z < b.z);
  return points.map((p) => ({ ...p, front: points.some((q) => beats(q, p)) ? 0 : 1 }));
}
