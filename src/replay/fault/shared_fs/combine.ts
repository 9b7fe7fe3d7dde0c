import { exactInteger, type Metrics, type MetricValue } from "../../../model/metric.ts";
import type { DeviceUsage, FlowUsage, HeldUsage, Usage } from "../../../model/usage.ts";

/** Counts and sizes that are of one job, so that their mean is told and not their sum. */
const MEANS = new Set([
  "gpus_idled_per_failure",
  "ft_bytes_per_useful_step",
  "checkpoint_every_iterations",
  "checkpoint_interval_seconds",
]);

/** Seconds that add up over jobs. */
const SUMS = new Set(["wasted_gpu_seconds"]);

/** Metrics of several jobs as one: means of times and ratios, sums of counts and bytes; unknown if one is. */
export function meanMetrics(jobs: readonly Metrics[]): Metrics {
  const ids = [...new Set(jobs.flatMap((metrics) => Object.keys(metrics)))];
  return Object.fromEntries(ids.map((id) => [id, combined(id, jobs.map((m) => m[id]))]));
}

function combined(id: string, values: readonly (MetricValue | undefined)[]): MetricValue {
  const known = values.filter((v): v is MetricValue => v !== undefined && v.value !== null);
  // A mean over those that know it: jobs that no failure hit have no GPUs idled by one.
  if (known.length === 0) return values.find((v) => v !== undefined)!;
  const { unit } = known[0];
  const mean = MEANS.has(id) || ((unit === "seconds" || unit === "ratio") && !SUMS.has(id));
  if (!mean && unit === "bytes") {
    const total = known.reduce((sum, v) => sum + BigInt(v.value!), 0n);
    return { ...known[0], value: exactInteger(total) };
  }
  const total = known.reduce((sum, v) => sum + Number(v.value), 0);
  return { ...known[0], value: mean ? total / known.length : total };
}

/** Usages of jobs that ran side by side as one. */
export function addUsages(usages: readonly Usage[]): Usage {
  const units: Record<string, number> = {};
  for (const { functionalUnits } of usages) {
    for (const [unit, value] of Object.entries(functionalUnits)) {
      units[unit] = (units[unit] ?? 0) + value;
    }
  }
  return {
    ...usages[0],
    wallSeconds: Math.max(...usages.map((u) => u.wallSeconds)),
    functionalUnits: units,
    devices: merge(
      usages.flatMap((u) => u.devices),
      (d) => `${d.kind} ${d.key}`,
      (a, b): DeviceUsage => ({
        ...a,
        count: a.count + b.count,
        reservedSeconds: a.reservedSeconds + b.reservedSeconds,
        busySeconds: a.busySeconds === null || b.busySeconds === null
          ? null
          : a.busySeconds + b.busySeconds,
      }),
    ),
    flows: merge(
      usages.flatMap((u) => u.flows),
      (f) => `${f.tier} ${f.direction}`,
      (a, b): FlowUsage => ({ ...a, bytes: a.bytes + b.bytes, requests: a.requests + b.requests }),
    ),
    held: merge(
      usages.flatMap((u) => u.held),
      (h) => h.tier,
      (a, b): HeldUsage => ({ ...a, byteSeconds: a.byteSeconds + b.byteSeconds }),
    ),
  };
}

function merge<T>(items: readonly T[], key: (item: T) => string, add: (a: T, b: T) => T): T[] {
  const merged = new Map<string, T>();
  for (const item of items) {
    const before = merged.get(key(item));
    merged.set(key(item), before === undefined ? item : add(before, item));
  }
  return [...merged.values()];
}
