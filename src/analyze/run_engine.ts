import {
  type EngineCounts,
  engineCountsSchema,
  type RunEngine,
  type ServingEngineConfig,
} from "../model/engine_config.ts";
import type { RunView, SeriesResult } from "./run_view.ts";

/** Names of counters by engine: vLLM V1 and SGLang call the same thing differently. */
const COUNTERS: readonly (readonly [keyof EngineCounts, RegExp])[] = [
  ["prefixQueryTokens", /^vllm_(gpu_)?prefix_cache_queries(_total)?$/],
  ["prefixHitTokens", /^vllm_(gpu_)?prefix_cache_hits(_total)?$|^sglang_cached_tokens_total$/],
  [
    "tierQueryTokens",
    /^vllm_external_prefix_cache_queries(_total)?$|^lmcache_num_lookup_tokens(_total)?$/,
  ],
  [
    "tierHitTokens",
    /^vllm_external_prefix_cache_hits(_total)?$|^lmcache_num_(lookup_)?hit_tokens(_total)?$/,
  ],
  ["loadedBytes", /kv_offload_load_bytes(_total)?$/],
  ["storedBytes", /kv_offload_store_bytes(_total)?$/],
  ["preemptions", /^vllm_num_preemptions(_total)?$|^sglang_num_retracted_reqs(_total)?$/],
];

const TTFT = /^(vllm|sglang)_time_to_first_token_seconds(_bucket)?_le_(.+)$/;

function increase(view: RunView, pattern: RegExp): number | null {
  const found = view.all.filter(({ series, total }) =>
    series.source === "scrape" && pattern.test(series.field) && total.count >= 2
  );
  return found.length === 0 ? null : found.reduce((sum, r) => sum + r.total.increase, 0);
}

/** Quantiles of a histogram's growth, by linear interpolation within the bucket as PromQL does it. */
function quantiles(view: RunView): Record<string, number> {
  const growth = new Map<number, number>();
  for (const { series, total } of view.all as readonly SeriesResult[]) {
    const match = series.source === "scrape" ? TTFT.exec(series.field) : null;
    if (match === null || total.count < 2) continue;
    const bound = /inf/i.test(match[3]) ? Infinity : Number(match[3]);
    growth.set(bound, (growth.get(bound) ?? 0) + total.increase);
  }
  const bounds = [...growth].sort((a, b) => a[0] - b[0]);
  const all = bounds.at(-1)?.[1] ?? 0;
  if (all <= 0) return {};
  const at = (q: number): number | null => {
    const rank = q * all;
    const i = bounds.findIndex(([, count]) => count >= rank);
    const [upper, count] = bounds[i];
    const [lower, before] = i === 0 ? [0, 0] : bounds[i - 1];
    if (!Number.isFinite(upper)) return i === 0 ? null : lower;
    return count === before ? upper : lower + (upper - lower) * (rank - before) / (count - before);
  };
  return Object.fromEntries(
    [0.5, 0.9, 0.99].map((q) => [String(q), at(q)] as const).filter(([, value]) => value !== null),
  ) as Record<string, number>;
}

function kvEvents(view: RunView, field: string): number | null {
  const found = view.known("kv-events", field).filter((r) => r.total.count >= 2);
  return found.length === 0 ? null : found.reduce((sum, r) => sum + r.total.increase, 0);
}

/** What an engine counted during a run: growth of its scraped counters and of its KV events. */
export function engineCounts(view: RunView): EngineCounts {
  return engineCountsSchema.parse({
    ...Object.fromEntries(COUNTERS.map(([name, pattern]) => [name, increase(view, pattern)])),
    blocksStored: kvEvents(view, "stored_blocks"),
    blocksRemoved: kvEvents(view, "removed_blocks"),
    ttftQuantiles: quantiles(view),
  });
}

const SERVED: readonly (readonly [unit: string, RegExp])[] = [
  ["requests", /^vllm_request_success(_total)?$|^sglang_num_requests(_total)?$/],
  ["inputTokens", /^(vllm|sglang)_prompt_tokens(_total)?$/],
  ["outputTokens", /^(vllm|sglang)_generation_tokens(_total)?$/],
];

/** What an engine served during a run by its scraped counters, as functional units; none without them. */
export function servedUnits(view: RunView): Record<string, number> {
  const counted = SERVED.map(([unit, pattern]) => [unit, increase(view, pattern)] as const);
  return Object.fromEntries(counted.filter(([, n]) => n !== null)) as Record<string, number>;
}

/** The engine of a run, or null when neither files nor an endpoint told of one. */
export function runEngine(
  view: RunView,
  config: ServingEngineConfig | null,
  requestTrace: string | null,
): RunEngine | null {
  const listened = view.devices("kv-events").length > 0;
  if (config === null && !listened) return null;
  const counts = engineCounts(view);
  const blockTokens = view.known("kv-events", "block_tokens")[0]?.total.last ?? null;
  return {
    config: config ?? {
      ...EMPTY,
      blockTokens,
      sources: ["KV events"],
    },
    counts,
    requestTrace,
  };
}

/** An engine that is known by its events alone. */
const EMPTY: ServingEngineConfig = {
  schema: "spillway/engine/1",
  engine: "unknown",
  version: null,
  model: null,
  llm: null,
  hardware: null,
  policy: null,
  blockTokens: null,
  gpuBlocks: null,
  memoryUtilization: null,
  tensorParallel: null,
  pipelineParallel: null,
  instances: null,
  maxSequences: null,
  maxBatchTokens: null,
  chunkedPrefill: null,
  prefixCaching: null,
  kvBytesPerElement: null,
  weightBytesPerElement: null,
  eviction: null,
  write: null,
  dram: null,
  ssd: null,
  remote: null,
  sources: [],
  other: {},
};
