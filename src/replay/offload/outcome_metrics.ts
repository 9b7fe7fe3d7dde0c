import { metric, type Metrics, type MetricValue, unknownMetric } from "../../model/metric.ts";
import type { EngineParams } from "./engine_params.ts";
import type { SideResult } from "./outcome.ts";
import type { Totals } from "./outcome_totals.ts";
import type { QuantileSketch } from "./quantiles.ts";
import type { Tally } from "./tally.ts";

/** The metrics of a serving replay; latencies with the ends of their intervals. */
export function metricsOf(
  results: readonly SideResult[],
  totals: Totals,
  params: EngineParams,
): Metrics {
  const { tally } = results[0];
  const { counts } = tally;
  const metrics: Metrics = {};
  const latency = (id: string, pick: (tally: Tally) => QuantileSketch, q: number) => {
    metrics[id] = interval(results.map((r) => pick(r.tally)), q);
  };
  for (const [name, q] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]] as const) {
    latency(`ttft_${name}_seconds`, (t) => t.ttft, q);
    latency(`tpot_${name}_seconds`, (t) => t.tpot, q);
    latency(`latency_${name}_seconds`, (t) => t.latency, q);
  }
  const count = tally.ttft.count;
  const modelled = (
    value: number,
    unit: MetricValue["unit"],
    extra: { count?: number } = {},
  ) => metric(value, unit, "modelled", extra);
  const over = (part: number, whole: number, unit: MetricValue["unit"], none: string) =>
    whole === 0 ? unknownMetric(unit, "modelled", none) : modelled(part / whole, unit);
  metrics.ttft_mean_seconds = between(
    results.map((r) => r.tally.ttft.count === 0 ? null : r.tally.ttft.mean),
    count,
  );
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

/** A quantile at the middle of the coefficients, with the ends of their intervals as low and high. */
function interval(sketches: readonly QuantileSketch[], q: number): MetricValue {
  return between(sketches.map((sketch) => sketch.quantile(q)), sketches[0].count);
}

/** The first value, with the lowest and highest of all as its interval. */
function between(values: readonly (number | null)[], count: number): MetricValue {
  const [mid, ...ends] = values;
  if (mid === null) return unknownMetric("seconds", "modelled", "no request of this kind ended");
  const known = [mid, ...ends.filter((v) => v !== null)];
  return metric(mid, "seconds", "modelled", {
    ...(ends.length > 0 ? { low: Math.min(...known), high: Math.max(...known) } : {}),
    count,
  });
}
