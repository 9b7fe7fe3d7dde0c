import type { MetricDefinition } from "../metric.ts";
import { metricDefiner, type MetricRow } from "./definer.ts";

const VLLM = "Kwon et al., SOSP 23 (vLLM), figure 2";

const define = metricDefiner("allocator");

const ROWS: readonly MetricRow[] = [
  ["peak_batch_count", "count", "largest batch", "higher", "most requests running at once"],
  [
    "recomputed_tokens",
    "tokens",
    "recomputed",
    "lower",
    "tokens whose KV was computed again",
  ],
  [
    "rejected_count",
    "count",
    "rejected requests",
    "lower",
    "requests that could not run even with the pool empty",
  ],
  ["kv_steps_count", "count", "steps", "lower", "iterations until every request was done"],
  [
    "prefix_hit_tokens",
    "tokens",
    "prefix hits",
    "higher",
    "prompt tokens found in the prefix cache when their request was admitted",
  ],
  [
    "kv_token_ratio",
    "ratio",
    "token share",
    "higher",
    "share of the KV pool that holds tokens, weighted by time",
    VLLM,
  ],
  [
    "kv_reserved_ratio",
    "ratio",
    "reserved share",
    "lower",
    "share of the KV pool held for tokens that running requests will still write, weighted by time",
    VLLM,
  ],
  [
    "kv_internal_ratio",
    "ratio",
    "internal share",
    "lower",
    "share of the KV pool held for running requests that they will never write, weighted by time",
    VLLM,
  ],
  [
    "kv_external_ratio",
    "ratio",
    "external and other share",
    "lower",
    "share of the KV pool that no running request holds, weighted by time: 1 - token - reserved - internal",
    VLLM,
  ],
  [
    "prefix_query_tokens",
    "tokens",
    "prefix queries",
    "none",
    "tokens of requests when they were admitted: the prefix cache was asked for them",
  ],
  [
    "prefix_token_hit_ratio",
    "ratio",
    "prefix hit rate",
    "higher",
    "prefix_hit_tokens / prefix_query_tokens",
  ],
  [
    "kv_evicted_blocks",
    "blocks",
    "evicted blocks",
    "lower",
    "cached blocks (pages, tree tokens / page size) that lost their content to make room",
  ],
  [
    "mean_batch_count",
    "count",
    "mean batch",
    "higher",
    "running requests, mean over the steps in which any ran",
  ],
  [
    "page_map_count",
    "count",
    "pages mapped",
    "lower",
    "groups of pages mapped for a request (2 x layers pages each)",
  ],
  [
    "page_map_ahead_count",
    "count",
    "pages mapped ahead",
    "none",
    "those of page_map_count that were mapped in the background, for tokens to come",
    "Prabhu et al., vAttention, ASPLOS 25: mapping overlapped with compute",
  ],
  [
    "page_unmap_count",
    "count",
    "pages taken back",
    "lower",
    "groups of pages taken from finished or waiting requests",
  ],
];

/** Metrics of `replay allocator` over request traces: KV memory and its scheduler. */
export const KV_MEMORY_METRICS: readonly MetricDefinition[] = ROWS.map((row) => define(...row));
