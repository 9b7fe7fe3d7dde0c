import type { MetricDefinition } from "../metric.ts";

/** Metrics of the offload family. */
export const OFFLOAD_METRICS: readonly MetricDefinition[] = [];
