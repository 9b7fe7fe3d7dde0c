import type { MetricDefinition } from "../metric.ts";
import { ALLOCATOR_METRICS } from "./allocator.ts";
import { CACHE_METRICS } from "./cache.ts";
import { CONVERSATION_METRICS } from "./conversation.ts";
import { ESTIMATE_METRICS } from "./estimate.ts";
import { FAULT_METRICS } from "./fault.ts";
import { KV_MEMORY_METRICS } from "./kv_memory.ts";
import { LOADER_METRICS } from "./loader.ts";
import { OFFLOAD_METRICS } from "./offload.ts";
import { RECORD_METRICS } from "./record.ts";
import { STALL_METRICS } from "./stall.ts";
import { TRAINING_METRICS } from "./training.ts";

/** Every metric the tool can give, by family. An id stands in one family only; a test proves it. */
export const METRIC_CATALOG: readonly MetricDefinition[] = [
  ...CACHE_METRICS,
  ...ALLOCATOR_METRICS,
  ...KV_MEMORY_METRICS,
  ...OFFLOAD_METRICS,
  ...CONVERSATION_METRICS,
  ...TRAINING_METRICS,
  ...LOADER_METRICS,
  ...FAULT_METRICS,
  ...ESTIMATE_METRICS,
  ...RECORD_METRICS,
  ...STALL_METRICS,
];

/** The definition of a metric id, or undefined. */
export function metricDefinition(id: string): MetricDefinition | undefined {
  return METRIC_CATALOG.find((definition) => definition.id === id);
}
