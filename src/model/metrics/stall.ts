import type { MetricDefinition } from "../metric.ts";

function stall(
  id: string,
  title: string,
  formula: string,
  better: MetricDefinition["better"],
): MetricDefinition {
  return {
    id,
    unit: id.endsWith("_ratio") ? "ratio" : "seconds",
    family: "record",
    title,
    better,
    nature: "sampled",
    formula,
    source: 'stall attribution; "explain stall" tells the rules',
  };
}

/** Metrics of stall attribution: each second of a run falls into one class by rules over its counters. */
export const STALL_METRICS: readonly MetricDefinition[] = [
  stall(
    "gpu_storage_wait_seconds",
    "time in which the GPU waited on storage",
    "seconds in the classes storage_read_bound and storage_write_bound, where a GPU was recorded",
    "lower",
  ),
  stall(
    "gpu_storage_wait_ratio",
    "share of the run in which the GPU waited on storage",
    "gpu_storage_wait_seconds / run_seconds",
    "lower",
  ),
  stall(
    "gpu_bound_seconds",
    "time in which the GPU computed",
    "seconds in the class gpu_bound",
    "none",
  ),
  stall(
    "pcie_bound_seconds",
    "time in which the host link was full",
    "seconds in the class pcie_bound",
    "lower",
  ),
  stall(
    "storage_read_bound_seconds",
    "time bound by reads",
    "seconds in the class storage_read_bound",
    "lower",
  ),
  stall(
    "storage_write_bound_seconds",
    "time bound by writes",
    "seconds in the class storage_write_bound",
    "lower",
  ),
  stall(
    "host_bound_seconds",
    "time bound by CPU or host memory",
    "seconds in the class host_bound",
    "lower",
  ),
  stall(
    "idle_seconds",
    "time in which nothing was near its ceiling",
    "seconds in the class idle",
    "lower",
  ),
  stall(
    "unattributed_seconds",
    "time that cannot be attributed",
    "seconds in the class unknown: a kernel ran and SM activity is not known",
    "lower",
  ),
];
