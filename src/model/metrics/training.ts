import type { MetricDefinition } from "../metric.ts";

/** Metrics of the training family. */
export const TRAINING_METRICS: readonly MetricDefinition[] = [];
