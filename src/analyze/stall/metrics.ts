import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { StallSummary } from "../../model/stalls.ts";

/** Seconds in each class as metrics; those of the GPU are unknown where none was recorded. */
export function stallMetrics(stalls: StallSummary): Metrics {
  const { seconds, hasGpu, evidence } = stalls;
  const ofGpu = (value: number) =>
    hasGpu
      ? metric(value, "seconds", evidence)
      : unknownMetric("seconds", evidence, "no GPU was recorded");
  return {
    gpu_storage_wait_seconds: ofGpu(stalls.storageSeconds),
    gpu_storage_wait_ratio: hasGpu
      ? metric(stalls.storageRatio, "ratio", evidence)
      : unknownMetric("ratio", evidence, "no GPU was recorded"),
    gpu_bound_seconds: ofGpu(seconds.gpu_bound),
    pcie_bound_seconds: ofGpu(seconds.pcie_bound),
    storage_read_bound_seconds: metric(seconds.storage_read_bound, "seconds", evidence),
    storage_write_bound_seconds: metric(seconds.storage_write_bound, "seconds", evidence),
    host_bound_seconds: metric(seconds.host_bound, "seconds", evidence),
    idle_seconds: metric(seconds.idle, "seconds", evidence),
    unattributed_seconds: metric(seconds.unknown, "seconds", evidence),
  };
}
