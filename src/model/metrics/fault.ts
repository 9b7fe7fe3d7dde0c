import type { MetricDefinition } from "../metric.ts";

/** Metrics of the fault family. */
export const FAULT_METRICS: readonly MetricDefinition[] = [];
