import { metricDefinition } from "../../model/metrics/catalog.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { Metrics } from "../../model/metric.ts";
import { meets, type Slo, sloText } from "./slo.ts";

/** A searched point as the recommendation sees it. */
export interface Candidate {
  readonly name: string;
  readonly metrics: Metrics;
  /** Stores nothing below the GPU. */
  readonly baseline: boolean;
}

export interface Recommendation {
  /** Index of the point to take; null when no point keeps every bound. */
  readonly point: number | null;
  /** The best point that stores nothing below the GPU and keeps every bound. */
  readonly baseline: number | null;
  /** False when the baseline is as good: then nothing else is worth its trouble. */
  readonly worthIt: boolean;
  readonly reason: string;
}

function known(metrics: Metrics, id: string): number | null {
  const value = metrics[id]?.value;
  return value === null || value === undefined ? null : Number(value);
}

function shown(value: number, id: string): string {
  const unit = metricDefinition(id)?.unit ?? "unit";
  return formatInUnit(Number(value.toPrecision(4)), unit);
}

function best(
  candidates: readonly Candidate[],
  indices: readonly number[],
  goal: string,
): number | null {
  let found: number | null = null;
  for (const i of indices) {
    const value = known(candidates[i].metrics, goal);
    if (value === null) continue;
    if (found === null || value < known(candidates[found].metrics, goal)!) found = i;
  }
  return found;
}

/** The one point to take and why, or why none is worth it. Ties go to the first point. */
export function recommend(
  candidates: readonly Candidate[],
  slos: readonly Slo[],
  goal: string,
): Recommendation {
  const all = candidates.map((_, i) => i);
  const feasible = all.filter((i) => slos.every((slo) => meets(candidates[i].metrics, slo)));
  const bounds = slos.map(sloText).join(" and ");
  const point = best(candidates, feasible, goal);
  if (point === null) {
    return {
      point: null,
      baseline: null,
      worthIt: false,
      reason: feasible.length === 0
        ? `no point of ${candidates.length} keeps ${bounds}${closest(candidates, slos)}`
        : `${goal} is unknown for every point that keeps ${bounds || "the bounds"}: ` +
          `${candidates[feasible[0]].metrics[goal]?.reason ?? "no such metric"}`,
    };
  }
  const baseline = best(candidates, feasible.filter((i) => candidates[i].baseline), goal);
  const value = known(candidates[point].metrics, goal)!;
  const kept = slos.map((slo) =>
    `${slo.metric} ${shown(known(candidates[point].metrics, slo.metric)!, slo.metric)}`
  ).join(", ");
  const head = `${candidates[point].name} has the least ${goal}, ${shown(value, goal)}` +
    (kept === "" ? "" : `, with ${kept}`);
  if (baseline === null) {
    return {
      point,
      baseline,
      worthIt: true,
      reason: `${head}; without a tier below the GPU no point keeps ${bounds}`,
    };
  }
  const without = known(candidates[baseline].metrics, goal)!;
  if (without <= value) {
    return {
      point: baseline,
      baseline,
      worthIt: false,
      reason:
        `none is worth it: ${candidates[baseline].name} stores nothing below the GPU and has ` +
        `the least ${goal}, ${shown(without, goal)}`,
    };
  }
  const saved = (without - value) / without * 100;
  return {
    point,
    baseline,
    worthIt: true,
    reason:
      `${head}: ${Number(saved.toPrecision(3))} % less than ${candidates[baseline].name}, the ` +
      `best that stores nothing below the GPU (${shown(without, goal)})`,
  };
}

/** The point nearest to the first bound, for people who must give way somewhere. */
function closest(candidates: readonly Candidate[], slos: readonly Slo[]): string {
  const slo = slos[0];
  if (slo === undefined) return "";
  const lower = slo.operator.startsWith("<");
  let found: number | null = null;
  candidates.forEach((c, i) => {
    const value = known(c.metrics, slo.metric);
    if (value === null) return;
    const before = found === null ? null : known(candidates[found].metrics, slo.metric)!;
    if (before === null || (lower ? value < before : value > before)) found = i;
  });
  if (found === null) return `; ${slo.metric} is unknown for every point`;
  const near = candidates[found] as Candidate;
  return `; the nearest is ${near.name} with ${slo.metric} ` +
    shown(known(near.metrics, slo.metric)!, slo.metric);
}
