import type { MetricDefinition } from "../metric.ts";

/** Metrics of the record family. */
export const RECORD_METRICS: readonly MetricDefinition[] = [];
