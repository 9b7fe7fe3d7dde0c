import type { MetricDefinition } from "../metric.ts";
import { metricDefiner, type MetricRow } from "./definer.ts";

const define = metricDefiner(
  "offload",
  "this tool: an iteration-level engine after vLLM's scheduler, on a roofline",
);

const QUANTILES: readonly (readonly [string, string])[] = [
  ["p50", "50th"],
  ["p90", "90th"],
  ["p99", "99th"],
];

const LATENCIES: readonly MetricRow[] = QUANTILES.flatMap(([name, words]): MetricRow[] => [
  [
    `ttft_${name}_seconds`,
    "seconds",
    `TTFT ${name}`,
    "lower",
    `${words} percentile (nearest rank) of first token - arrival, over the requests that ended`,
  ],
  [
    `tpot_${name}_seconds`,
    "seconds",
    `TPOT ${name}`,
    "lower",
    `${words} percentile of (last token - first token) / (output tokens - 1), requests with 2 or more`,
  ],
  [
    `latency_${name}_seconds`,
    "seconds",
    `latency ${name}`,
    "lower",
    `${words} percentile of last token - arrival`,
  ],
]);

const TIERS: readonly MetricRow[] = ["dram", "ssd", "remote"].flatMap((tier): MetricRow[] => [
  [
    `${tier}_hit_blocks`,
    "blocks",
    `${tier} hits`,
    "higher",
    `blocks of prompts that were loaded from ${tier}`,
  ],
  [
    `${tier}_hit_tokens`,
    "tokens",
    `${tier} hit tokens`,
    "higher",
    `input tokens that were loaded from ${tier}`,
  ],
  [
    `${tier}_read_bytes`,
    "bytes",
    `${tier} read`,
    "none",
    `bytes read from ${tier}: of the cache, or of checkpoints`,
  ],
  [
    `${tier}_written_bytes`,
    "bytes",
    `${tier} written`,
    "lower",
    `bytes written to ${tier}: saves, evictions from above, promotions; or checkpoints`,
  ],
]);

const OTHERS: readonly MetricRow[] = [
  ["ttft_mean_seconds", "seconds", "TTFT mean", "lower", "mean of first token - arrival"],
  ["completed_requests", "count", "requests ended", "higher", "requests whose last token came"],
  [
    "rejected_requests",
    "count",
    "requests refused",
    "lower",
    "requests that need more blocks than an instance has",
  ],
  [
    "requests_per_second",
    "perSecond",
    "request throughput",
    "higher",
    "completed_requests / serving_seconds",
  ],
  [
    "output_tokens_per_second",
    "perSecond",
    "token throughput",
    "higher",
    "output tokens of ended requests / serving_seconds",
  ],
  [
    "slo_attainment_ratio",
    "ratio",
    "SLO attained",
    "higher",
    "share of requests with TTFT <= sloTtft and TPOT <= sloTpot",
  ],
  [
    "goodput_requests_per_second",
    "perSecond",
    "goodput",
    "higher",
    "requests within both objectives / serving_seconds",
  ],
  [
    "token_reuse_ratio",
    "ratio",
    "tokens reused",
    "higher",
    "input tokens found in GPU memory or a tier / input tokens (the last token is always computed)",
  ],
  [
    "block_reuse_ratio",
    "ratio",
    "blocks reused",
    "higher",
    "leading blocks found in GPU memory or a tier / blocks of the prompts",
  ],
  ["hbm_hit_blocks", "blocks", "GPU hits", "higher", "leading blocks found in GPU memory"],
  ["hbm_hit_tokens", "tokens", "GPU hit tokens", "higher", "input tokens found in GPU memory"],
  [
    "missed_blocks",
    "blocks",
    "blocks missed",
    "lower",
    "blocks of prompts that were computed: listed blocks - hits in GPU memory and in the tiers",
  ],
  [
    "gpu_stored_blocks",
    "blocks",
    "blocks stored",
    "none",
    "blocks that became cached in GPU memory (vLLM's BlockStored events, which count full blocks only)",
  ],
  [
    "gpu_removed_blocks",
    "blocks",
    "blocks removed",
    "none",
    "cached blocks that GPU memory evicted (vLLM's BlockRemoved events)",
  ],
  ["tier_hit_tokens", "tokens", "tier hit tokens", "higher", "input tokens loaded from the tiers"],
  [
    "computed_tokens",
    "tokens",
    "tokens computed",
    "lower",
    "input tokens prefilled, recomputation after preemptions included",
  ],
  ["serving_seconds", "seconds", "serving time", "lower", "time 0 to the last token of the trace"],
  ["gpu_busy_seconds", "seconds", "GPU busy", "lower", "sum of iteration times over instances"],
  [
    "gpu_wait_seconds",
    "seconds",
    "GPU waiting for loads",
    "lower",
    "time an instance had work but waited for a transfer",
  ],
  [
    "gpu_idle_seconds",
    "seconds",
    "GPU idle",
    "none",
    "serving_seconds * instances - gpu_busy_seconds - gpu_wait_seconds: nothing to do",
  ],
  [
    "gpu_busy_ratio",
    "ratio",
    "GPU busy share",
    "none",
    "gpu_busy_seconds / (serving_seconds * instances, those that only decode included)",
  ],
  ["preemption_count", "count", "preemptions", "lower", "sequences that gave their blocks back"],
];

/** Metrics of serving replays: a deterministic engine on a cost model. */
export const OFFLOAD_METRICS: readonly MetricDefinition[] = [...LATENCIES, ...OTHERS, ...TIERS]
  .map((row) => define(...row));
