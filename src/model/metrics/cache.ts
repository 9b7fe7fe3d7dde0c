import type { MetricDefinition } from "../metric.ts";

/** Metrics of the cache family. */
export const CACHE_METRICS: readonly MetricDefinition[] = [];
