import type { MetricDefinition, MetricUnit } from "../metric.ts";

function define(
  id: string,
  unit: MetricUnit,
  title: string,
  better: MetricDefinition["better"],
  formula: string,
  source = "this tool",
): MetricDefinition {
  return { id, unit, family: "allocator", title, better, nature: "exact", formula, source };
}

/** Metrics of `replay allocator`. */
export const ALLOCATOR_METRICS: readonly MetricDefinition[] = [
  define(
    "waste_ratio",
    "ratio",
    "wasted memory",
    "lower",
    "allocation traces: 1 - peak requested / peak reserved; request traces: share of the held KV slots " +
      "that hold no token, weighted by time",
    "GMLake (ASPLOS 24) and STAlloc use 1 - peak active / peak reserved",
  ),
  define(
    "peak_requested_bytes",
    "bytes",
    "peak requested",
    "none",
    "largest sum of live requested sizes",
  ),
  define(
    "peak_allocated_bytes",
    "bytes",
    "peak allocated",
    "lower",
    "largest sum of live rounded sizes",
  ),
  define(
    "peak_reserved_bytes",
    "bytes",
    "peak reserved",
    "lower",
    "largest sum held from the driver",
  ),
  define(
    "min_capacity_bytes",
    "bytes",
    "smallest capacity",
    "lower",
    "smallest device memory, in 2 MiB steps, that replays without out-of-memory; C fits and C - 2 MiB does " +
      "not. Other capacities below C may fit too: retries change the layout",
  ),
  define(
    "stranded_bytes",
    "bytes",
    "stranded",
    "lower",
    "free bytes at the peak that lie in segments which also hold live blocks",
  ),
  define("oom_count", "count", "out-of-memory errors", "lower", "allocations that failed"),
  define(
    "driver_call_count",
    "count",
    "driver calls",
    "lower",
    "cudaMalloc and cudaFree calls; each cudaFree waits for all work of the device",
  ),
  define("retry_count", "count", "retries", "lower", "allocations that first gave the cache back"),
  define("peak_batch_count", "count", "largest batch", "higher", "most requests running at once"),
  define(
    "recomputed_tokens",
    "tokens",
    "recomputed",
    "lower",
    "tokens whose KV was computed again",
  ),
  define(
    "rejected_count",
    "count",
    "rejected requests",
    "lower",
    "requests that could not run even with the pool empty",
  ),
  define("kv_steps_count", "count", "steps", "lower", "iterations until every request was done"),
  define(
    "prefix_hit_tokens",
    "tokens",
    "prefix hits",
    "higher",
    "prompt tokens found in the prefix cache when their request was admitted",
  ),
  define(
    "recorded_addresses",
    "count",
    "recorded addresses",
    "none",
    "allocations of the recording, mode=validate",
  ),
  define(
    "recorded_addresses_matched",
    "count",
    "addresses reproduced",
    "higher",
    "allocations that the replay puts at the recorded address",
  ),
  define(
    "recorded_segments",
    "count",
    "recorded segments",
    "none",
    "segment_alloc and segment_map events of the recording",
  ),
  define(
    "recorded_segments_matched",
    "count",
    "segments reproduced",
    "higher",
    "segments that the replay asks for when, where and as large as recorded",
  ),
  define(
    "end_reserved_bytes",
    "bytes",
    "reserved at the end",
    "lower",
    "bytes held from the driver when the recording ends",
  ),
  define(
    "end_allocated_bytes",
    "bytes",
    "allocated at the end",
    "none",
    "sum of live rounded sizes when the recording ends",
  ),
  define(
    "end_requested_bytes",
    "bytes",
    "requested at the end",
    "none",
    "sum of live requested sizes when the recording ends",
  ),
  define(
    "releasable_bytes",
    "bytes",
    "releasable",
    "none",
    "free bytes in segments that hold no live block",
  ),
];
