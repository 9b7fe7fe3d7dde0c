import type { MetricDefinition } from "../metric.ts";
import { metricDefiner } from "./definer.ts";

const define = metricDefiner("cache");

/** Metrics of `replay cache`: exact counts, no timing model. */
export const CACHE_METRICS: readonly MetricDefinition[] = [
  define(
    "total_blocks",
    "blocks",
    "block references",
    "none",
    "sum over requests of the length of their block list",
  ),
  define("unique_blocks", "blocks", "distinct blocks", "none", "distinct block ids of the trace"),
  define(
    "prefix_hit_blocks",
    "blocks",
    "prefix hits",
    "higher",
    "blocks in the leading run of a request's list that are resident when it arrives, before " +
      "anything of it is inserted; summed over requests",
  ),
  define(
    "resident_hit_blocks",
    "blocks",
    "resident hits",
    "higher",
    "all blocks of a request that are resident when it arrives, wherever they stand; summed",
  ),
  define(
    "stream_hit_blocks",
    "blocks",
    "stream hits",
    "higher",
    "hits of the flat sequence of block references, each looked up and inserted in turn",
  ),
  define(
    "prefix_hit_ratio",
    "ratio",
    "prefix hit ratio",
    "higher",
    "prefix_hit_blocks / total_blocks",
  ),
  define(
    "resident_hit_ratio",
    "ratio",
    "resident hit ratio",
    "higher",
    "resident_hit_blocks / total_blocks",
  ),
  define(
    "stream_hit_ratio",
    "ratio",
    "stream hit ratio",
    "higher",
    "stream_hit_blocks / total_blocks",
  ),
  define(
    "token_hit_ratio",
    "ratio",
    "token hit ratio",
    "higher",
    "sum over requests of min(prefix hit blocks * tokens a block, input tokens) / sum of input tokens",
  ),
  define(
    "evicted_blocks",
    "blocks",
    "evictions",
    "lower",
    "insertions that did not stay: total_blocks - stream_hit_blocks - blocks resident at the end",
  ),
];
