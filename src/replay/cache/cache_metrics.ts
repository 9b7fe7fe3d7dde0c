import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { Series } from "../../model/policy.ts";
import type { CacheCounts } from "./cache_replay.ts";
import type { LruCurve } from "./lru_curve.ts";

const NO_ARRIVAL_STATE =
  "not defined: the optimum looks ahead in the flat stream and has no state at a request's arrival";

/** The counts of one cache as metrics; all of them follow exactly from the trace and the policy. */
export function cacheMetrics(counts: CacheCounts, uniqueBlocks: number): Metrics {
  const { totalBlocks, prefixHitBlocks, residentHitBlocks, streamHitBlocks } = counts;
  const blocks = (value: number | null) =>
    value === null
      ? unknownMetric("blocks", "replayed", NO_ARRIVAL_STATE)
      : metric(value, "blocks", "replayed");
  const ratio = (part: number | null, whole: number, what: string) => {
    if (part === null) return unknownMetric("ratio", "replayed", NO_ARRIVAL_STATE);
    if (whole === 0) return unknownMetric("ratio", "replayed", `the trace has no ${what}`);
    return metric(part / whole, "ratio", "replayed");
  };
  return {
    total_blocks: blocks(totalBlocks),
    unique_blocks: blocks(uniqueBlocks),
    prefix_hit_blocks: blocks(prefixHitBlocks),
    resident_hit_blocks: blocks(residentHitBlocks),
    stream_hit_blocks: blocks(streamHitBlocks),
    prefix_hit_ratio: ratio(prefixHitBlocks, totalBlocks, "blocks"),
    resident_hit_ratio: ratio(residentHitBlocks, totalBlocks, "blocks"),
    stream_hit_ratio: ratio(streamHitBlocks, totalBlocks, "blocks"),
    token_hit_ratio: ratio(counts.prefixHitTokens, counts.inputTokens, "input tokens"),
    evicted_blocks: blocks(counts.evictedBlocks),
  };
}

/**
 * Capacities at which a curve is written: every one up to `points`, else `points` of them spread evenly
 * over the logarithm, and those in `also`.
 */
export function curveCapacities(
  saturationBlocks: number,
  points: number,
  also: readonly number[],
): number[] {
  const last = Math.max(1, saturationBlocks);
  const chosen = new Set<number>(also.filter((c) => Number.isFinite(c)));
  if (last <= points) {
    for (let c = 1; c <= last; c++) chosen.add(c);
  } else {
    for (let i = 0; i < points; i++) chosen.add(Math.round(last ** (i / (points - 1))));
  }
  return [...chosen].sort((a, b) => a - b);
}

/** The three counts of an LRU cache over its capacity, exact at every capacity listed. */
export function curveSeries(curve: LruCurve, capacities: readonly number[]): Series[] {
  const points = capacities.map((capacity) => curve.at(capacity));
  const line = (id: string, title: string, y: number[]): Series => ({
    id,
    title,
    xUnit: "blocks",
    unit: "blocks",
    x: capacities,
    y,
  });
  return [
    line("prefix_hit_blocks", "prefix hits", points.map((p) => p.prefixHitBlocks)),
    line("resident_hit_blocks", "resident hits", points.map((p) => p.residentHitBlocks)),
    line("stream_hit_blocks", "stream hits", points.map((p) => p.streamHitBlocks)),
  ];
}
