import { metric, type Metrics, type MetricValue, unknownMetric } from "../../model/metric.ts";
import type { EngineParams } from "./engine_params.ts";
import type { SideResult } from "./outcome.ts";
import type { Totals } from "./outcome_totals.ts";

const LATENCIES = ["ttft", "tpot", "latency"] as const;
const QUANTILES = [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]] as const;

/** The metrics that get an interval: those of a request's time. */
const WITH_ENDS: readonly string[] = [
  ...QUANTILES.flatMap(([name]) => LATENCIES.map((kind) => `${kind}_${name}_seconds`)),
  "ttft_mean_seconds",
];

/** The metrics of a serving replay at one end of the coefficients' intervals. */
export function metricsOf({ tally }: SideResult, totals: Totals, params: EngineParams): Metrics {
  const { counts } = tally;
  const metrics: Metrics = {};
  for (const [name, q] of QUANTILES) {
    for (const kind of LATENCIES) {
      const sketch = tally[kind];
      metrics[`${kind}_${name}_seconds`] = latency(sketch.quantile(q), sketch.count);
    }
  }
  const count = tally.ttft.count;
  const modelled = (
    value: number,
    unit: MetricValue["unit"],
    extra: { count?: number } = {},
  ) => metric(value, unit, "modelled", extra);
  const over = (part: number, whole: number, unit: MetricValue["unit"], none: string) =>
    whole === 0 ? unknownMetric(unit, "modelled", none) : modelled(part / whole, unit);
  metrics.ttft_mean_seconds = latency(count === 0 ? null : tally.ttft.mean, count);
  metrics.completed_requests = modelled(counts.completed, "count");
  metrics.rejected_requests = modelled(counts.rejected, "count");
  metrics.requests_per_second = over(
    counts.completed,
    totals.wallSeconds,
    "perSecond",
    "no time passed",
  );
  metrics.output_tokens_per_second = over(
    counts.outputTokens,
    totals.wallSeconds,
    "perSecond",
    "no time passed",
  );
  metrics.slo_attainment_ratio = count === 0
    ? unknownMetric("ratio", "modelled", "no request ended")
    : modelled(counts.attained / count, "ratio", { count });
  metrics.goodput_requests_per_second = over(
    counts.attained,
    totals.wallSeconds,
    "perSecond",
    "no time passed",
  );
  const tierBlocks = tally.tierHitBlocks.reduce((a, b) => a + b, 0);
  const tierTokens = tally.tierHitTokens.reduce((a, b) => a + b, 0);
  metrics.token_reuse_ratio = over(
    counts.gpuHitTokens + tierTokens,
    counts.inputTokens,
    "ratio",
    "no request was looked up",
  );
  metrics.block_reuse_ratio = over(
    counts.gpuHitBlocks + tierBlocks,
    counts.listedBlocks,
    "ratio",
    "the trace has no block ids",
  );
  metrics.hbm_hit_blocks = modelled(counts.gpuHitBlocks, "blocks");
  metrics.hbm_hit_tokens = modelled(counts.gpuHitTokens, "tokens");
  metrics.tier_hit_tokens = modelled(tierTokens, "tokens");
  metrics.missed_blocks = modelled(counts.missedBlocks, "blocks");
  metrics.gpu_stored_blocks = modelled(totals.storedBlocks, "blocks");
  metrics.gpu_removed_blocks = modelled(totals.removedBlocks, "blocks");
  metrics.computed_tokens = modelled(counts.computedTokens + counts.recomputedTokens, "tokens");
  for (const name of ["dram", "ssd", "remote"] as const) {
    const tier = totals.tiers.find((t) => t.name === name);
    metrics[`${name}_hit_blocks`] = modelled(tier?.hitBlocks ?? 0, "blocks");
    metrics[`${name}_hit_tokens`] = modelled(tier?.hitTokens ?? 0, "tokens");
    metrics[`${name}_read_bytes`] = modelled(Math.round(tier?.readBytes ?? 0), "bytes");
    metrics[`${name}_written_bytes`] = modelled(Math.round(tier?.writtenBytes ?? 0), "bytes");
  }
  metrics.serving_seconds = modelled(totals.wallSeconds, "seconds");
  metrics.gpu_busy_seconds = modelled(totals.busySeconds, "seconds");
  metrics.gpu_wait_seconds = modelled(totals.waitSeconds, "seconds");
  const instanceSeconds = totals.wallSeconds * (params.instances + params.decodeInstances);
  metrics.gpu_idle_seconds = modelled(
    Math.max(0, instanceSeconds - totals.busySeconds - totals.waitSeconds),
    "seconds",
  );
  metrics.gpu_busy_ratio = over(
    totals.busySeconds,
    instanceSeconds,
    "ratio",
    "no time passed",
  );
  metrics.preemption_count = modelled(totals.preemptions, "count");
  return metrics;
}

function latency(seconds: number | null, count: number): MetricValue {
  return seconds === null
    ? unknownMetric("seconds", "modelled", "no request of this kind ended")
    : metric(seconds, "seconds", "modelled", { count });
}

/**
 * The metrics at the middle of the coefficients; latencies have the lowest and highest value of all
 * replays, the middle among them, as their interval: in a batching engine a faster link may be slower.
 */
export function withEnds(mid: Metrics, ends: readonly Metrics[]): Metrics {
  if (ends.length === 0) return mid;
  const joined = { ...mid };
  for (const id of WITH_ENDS) {
    if (mid[id].value === null) continue;
    const values = [mid, ...ends].map((metrics) => metrics[id].value);
    const known = values.filter((value) => value !== null).map(Number);
    joined[id] = { ...mid[id], low: Math.min(...known), high: Math.max(...known) };
  }
  return joined;
}
