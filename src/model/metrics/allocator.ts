import type { MetricDefinition } from "../metric.ts";

/** Metrics of the allocator family. */
export const ALLOCATOR_METRICS: readonly MetricDefinition[] = [];
