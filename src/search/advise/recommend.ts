import { metricDefinition } from "../../model/metrics/catalog.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { Metrics } from "../../model/metric.ts";
import type { Objective } from "./pareto.ts";
import { meets, type Slo, sloText } from "./slo.ts";

/** A searched point as the recommendation sees it. */
export interface Candidate {
  readonly name: string;
  readonly metrics: Metrics;
  /** Goes without what is searched for: see {@link Without}. */
  readonly baseline: boolean;
}

/** What the points of a search are held against, in words. */
export interface Without {
  /** What a baseline does. */
  readonly does: string;
  /** Where a baseline is all there is. */
  readonly alone: string;
}

export const WITHOUT_TIERS: Without = {
  does: "keeps nothing outside GPU memory",
  alone: "with GPU memory alone",
};

export const WITHOUT_TOLERANCE: Without = {
  does: "does nothing against failures",
  alone: "doing nothing against failures",
};

export interface Recommendation {
  /** Index of the point to take; null when no point keeps every bound. */
  readonly point: number | null;
  /** The best baseline that keeps every bound. */
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

/** Least of the goal; of equal ones the better in the next objective, and so on; then the first. */
function best(
  candidates: readonly Candidate[],
  indices: readonly number[],
  order: readonly Objective[],
): number | null {
  const cost = (i: number, o: Objective): number => {
    const value = known(candidates[i].metrics, o.metric);
    return value === null ? Infinity : o.better === "lower" ? value : -value;
  };
  let found: number | null = null;
  for (const i of indices) {
    if (known(candidates[i].metrics, order[0].metric) === null) continue;
    const before = found;
    if (before === null) found = i;
    else {
      const first = order.find((o) => cost(i, o) !== cost(before, o));
      if (first !== undefined && cost(i, first) < cost(before, first)) found = i;
    }
  }
  return found;
}

/** Prices closer than this are the same: coefficients are not known that well. */
const SAME_PRICE = 0.01;

/**
 * The one point to take and why, or why none is worth it.
 *
 * @param others What decides between points of the same price, most important first.
 */
export function recommend(
  candidates: readonly Candidate[],
  slos: readonly Slo[],
  goal: string,
  others: readonly Objective[] = [],
  without: Without = WITHOUT_TIERS,
): Recommendation {
  const order: Objective[] = [{ metric: goal, better: "lower" }, ...others];
  const all = candidates.map((_, i) => i);
  const feasible = all.filter((i) => slos.every((slo) => meets(candidates[i].metrics, slo)));
  const bounds = slos.map(sloText).join(" and ");
  const point = best(candidates, feasible, order);
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
  const baseline = best(candidates, feasible.filter((i) => candidates[i].baseline), order);
  const value = known(candidates[point].metrics, goal)!;
  const kept = slos.map((slo) =>
    `${slo.metric} ${shown(known(candidates[point].metrics, slo.metric)!, slo.metric)}`
  ).join(", ");
  const head = `${candidates[point].name} has the least ${goal}, ${shown(value, goal)}` +
    (kept === "" ? "" : `, with ${kept}`);
  if (baseline === null && !candidates.some((c) => c.baseline)) {
    const next = best(candidates, feasible.filter((i) => i !== point), order);
    const second = next === null ? null : known(candidates[next].metrics, goal);
    return {
      point,
      baseline,
      worthIt: true,
      reason: second === null
        ? head
        : `${head}; the next is ${candidates[next!].name} with ${shown(second, goal)}`,
    };
  }
  if (baseline === null) {
    return {
      point,
      baseline,
      worthIt: true,
      reason: `${head}; ${without.alone} no point keeps ${bounds}`,
    };
  }
  const before = known(candidates[baseline].metrics, goal)!;
  if (before <= value) {
    return {
      point: baseline,
      baseline,
      worthIt: false,
      reason: `none is worth it: ${candidates[baseline].name} ${without.does} and has ` +
        `the least ${goal}, ${shown(before, goal)}` +
        atTheSame(candidates, feasible, baseline, goal, others[0] ?? null),
    };
  }
  const saved = (before - value) / before * 100;
  return {
    point,
    baseline,
    worthIt: true,
    reason:
      `${head}: ${Number(saved.toPrecision(3))} % less than ${candidates[baseline].name}, the ` +
      `best that ${without.does} (${shown(before, goal)})`,
  };
}

/** What another point brings for the same price: not worth money, but worth knowing. */
function atTheSame(
  candidates: readonly Candidate[],
  feasible: readonly number[],
  baseline: number,
  goal: string,
  second: Objective | null,
): string {
  if (second === null) return "";
  const price = known(candidates[baseline].metrics, goal)!;
  const own = known(candidates[baseline].metrics, second.metric);
  const equal = feasible.filter((i) => {
    const value = known(candidates[i].metrics, goal);
    return value !== null && Math.abs(value - price) <= SAME_PRICE * price;
  });
  const sign = second.better === "lower" ? 1 : -1;
  let found: number | null = null;
  for (const i of equal) {
    const value = known(candidates[i].metrics, second.metric);
    const before = found === null ? own : known(candidates[found].metrics, second.metric);
    if (value !== null && before !== null && sign * value < sign * before) found = i;
  }
  if (found === null || own === null) return "";
  const better = known(candidates[found].metrics, second.metric)!;
  return `; for the same ${goal} within 1 %, ${
    candidates[found].name
  } brings ${second.metric} from ` +
    `${shown(own, second.metric)} to ${shown(better, second.metric)}`;
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
