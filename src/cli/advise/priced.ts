import { metric, type Metrics } from "../../model/metric.ts";
import type { Usage } from "../../model/usage.ts";
import { ssdWrittenBytes } from "../../estimate/usage/embodied_terms.ts";
import type { EstimateContext } from "../../estimate/usage/context.ts";
import { estimateUsage } from "../../estimate/usage/estimate_usage.ts";
import { jobUsage } from "../../estimate/usage/job_usage.ts";
import { reservedUsage } from "../../estimate/usage/reserved.ts";
import type { Objective } from "../../search/advise/pareto.ts";
import type { Evaluated } from "../../search/advise/point_worker.ts";
import type { Slo } from "../../search/advise/slo.ts";
import type { Point } from "./points.ts";

/** A point that could be replayed and priced, at the middle figures. */
export interface PricedPoint {
  readonly point: Point;
  /** With reserved tiers charged whole. */
  readonly usage: Usage | null;
  /** What the replay gave. */
  readonly own: Metrics;
  /** What the replay gave and what it costs. */
  readonly metrics: Metrics;
}

/** The points that have a usage, with their prices. */
export function pricedPoints(
  points: readonly Point[],
  results: readonly Evaluated[],
  context: EstimateContext,
): PricedPoint[] {
  return points.flatMap((point, i): PricedPoint[] => {
    const { usage, metrics, reservedBytes, error } = results[i];
    if (error !== null) return [];
    // An allocator of a recorded trace uses nothing that has a price, but its memory can be weighed.
    if (usage === null) {
      return point.family !== "allocator" ? [] : [{ point, usage: null, own: metrics, metrics }];
    }
    const reserved = reservedUsage(usage, reservedBytes);
    const { step } = point.space;
    const charged = step === undefined
      ? reserved
      : jobUsage(reserved, step.usage, Number(point.choice.shown.gpus));
    const priced = estimateUsage(charged, context, { intervals: false }).metrics;
    // Nothing written is no wear: that is known, not missing.
    const wear: Metrics = ssdWrittenBytes(charged) === 0
      ? { ssd_wear_grams_co2e: metric(0, "gramsCo2e", usage.evidence) }
      : {};
    return [{
      point,
      usage: charged,
      own: metrics,
      metrics: { ...step?.metrics, ...metrics, ...priced, ...wear },
    }];
  });
}

const ALWAYS = ["total_usd", "total_grams_co2e", "ssd_wear_grams_co2e"];
const LATENCIES = [
  "ttft_p99_seconds",
  "wall_seconds",
  "step_seconds",
  "waste_ratio",
  "min_capacity_bytes",
  "stranded_bytes",
];

/** What the front weighs: the bounds' metrics (else a latency), cost, carbon and wear, where known. */
export function objectivesOf(
  slos: readonly Slo[],
  goal: string,
  all: readonly Metrics[],
): Objective[] {
  const known = (id: string) => all.some((m) => (m[id]?.value ?? null) !== null);
  const wanted: Objective[] = slos.map((s) => ({
    metric: s.metric,
    better: s.operator.startsWith("<") ? "lower" : "higher",
  }));
  if (slos.length === 0) {
    const latency = LATENCIES.find(known);
    if (latency !== undefined) wanted.push({ metric: latency, better: "lower" });
  }
  for (const id of [goal, ...ALWAYS]) {
    if (!wanted.some((o) => o.metric === id)) wanted.push({ metric: id, better: "lower" });
  }
  const unique = wanted.filter((o, i) => wanted.findIndex((w) => w.metric === o.metric) === i);
  return unique.filter((o) => known(o.metric));
}
