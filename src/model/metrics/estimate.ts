import type { MetricDefinition } from "../metric.ts";

/** Metrics of the estimate family. */
export const ESTIMATE_METRICS: readonly MetricDefinition[] = [];
