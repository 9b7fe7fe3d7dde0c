import type { MetricDefinition } from "../metric.ts";

/** Metrics of the loader family. */
export const LOADER_METRICS: readonly MetricDefinition[] = [];
