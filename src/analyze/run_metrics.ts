import { metric, type Metrics, type MetricValue, unknownMetric } from "../model/metric.ts";
import type { MetricUnit } from "../model/metric.ts";
import type { SourceStatus } from "../model/results.ts";
import { boundTimeShare } from "../model/trace/time_share.ts";
import { gpuSourceOf, knownOfGpus, type RunView, storageDevices, wholeGpus } from "./run_view.ts";
import type { SeriesTotal } from "./series_totals.ts";

export interface RunFacts {
  readonly durationSeconds: number;
  readonly sources: readonly SourceStatus[];
  readonly recorder: {
    readonly ticks: number;
    readonly missedTicks: number;
    readonly latenessP99Ns: number;
    readonly cpuSeconds: number;
    readonly peakRssBytes: number;
  };
}

/** Why a source gave nothing, for the reason of a null. */
export function whyAbsent(sources: readonly SourceStatus[], name: string): string {
  const source = sources.find((s) => s.name === name);
  if (source === undefined) return `the source "${name}" was not recorded`;
  return source.reason ?? `the source "${name}" gave no reading`;
}

/** The metrics of a recording: all measured, and null with the reason where nothing was read. */
export function runMetrics(view: RunView, facts: RunFacts): Metrics {
  const metrics: Record<string, MetricValue> = {};
  const set = (id: string, value: number | null, unit: MetricUnit, source: string) => {
    metrics[id] = value === null
      ? unknownMetric(unit, "measured", whyAbsent(facts.sources, source))
      : metric(value, unit, "measured");
  };
  const counter = (total: SeriesTotal | null) =>
    total === null || total.count < 2 ? null : total.increase;
  const sumOver = (devices: readonly string[], source: string, field: string): number | null => {
    const values = devices.map((d) => counter(view.get(source, d, field)));
    return values.length === 0 || values.some((v) => v === null)
      ? null
      : values.reduce((a: number, b) => a + b!, 0);
  };
  const wall = facts.durationSeconds;
  metrics.run_seconds = metric(wall, "seconds", "measured");

  const disks = storageDevices(view);
  set("disk_read_bytes", sumOver(disks, "block", "read_bytes"), "bytes", "block");
  set("disk_written_bytes", sumOver(disks, "block", "write_bytes"), "bytes", "block");
  const busy = disks.map((d) => counter(view.get("block", d, "busy_seconds")))
    .filter((v) => v !== null);
  const busiest = busy.length === 0 || wall <= 0 ? null : boundTimeShare(Math.max(...busy) / wall);
  set("disk_busy_ratio", busiest, "ratio", "block");

  for (
    const [id, field, unit] of [
      ["child_read_bytes", "read_bytes", "bytes"],
      ["child_written_bytes", "write_bytes", "bytes"],
      ["child_cpu_seconds", "cpu_seconds", "seconds"],
    ] as const
  ) set(id, counter(view.get("process-io", "", field)), unit, "process-io");
  const resident = view.get("process-io", "", "resident_bytes")?.max ?? null;
  if (resident === 0) {
    // Read before it started and after it ended only: a process that ran had memory.
    metrics.child_peak_resident_bytes = unknownMetric(
      "bytes",
      "measured",
      "the command ended before its memory was read",
    );
  } else set("child_peak_resident_bytes", resident, "bytes", "process-io");

  const cpu = cpuBusy(view);
  set("cpu_busy_seconds", cpu?.busy ?? null, "seconds", "cpu");
  set("cpu_busy_ratio", cpu === null ? null : cpu.busy / cpu.all, "ratio", "cpu");
  set("cpu_iowait_ratio", cpu === null ? null : cpu.iowait / cpu.all, "ratio", "cpu");

  const available = view.get("memory", "", "available_bytes");
  const total = view.get("memory", "", "total_bytes");
  const used = available?.min == null || total?.max == null ? null : total.max - available.min;
  set("peak_memory_used_bytes", used, "bytes", "memory");
  const peak = (field: string) => view.get("memory", "", field)?.max ?? null;
  set("peak_page_cache_bytes", peak("page_cache_bytes"), "bytes", "memory");
  set("peak_dirty_bytes", peak("dirty_bytes"), "bytes", "memory");
  set("swap_in_bytes", counter(view.get("memory", "", "swap_in_bytes")), "bytes", "memory");
  set("swap_out_bytes", counter(view.get("memory", "", "swap_out_bytes")), "bytes", "memory");

  for (const resource of ["cpu", "io", "memory"]) {
    for (const kind of ["some", "full"]) {
      const stall = view.get("pressure", resource, `${kind}_stall_seconds`);
      const stalled = counter(stall);
      const seconds = stalled === null || wall <= 0
        ? stalled
        : wall * boundTimeShare(stalled / wall);
      set(`${resource}_pressure_${kind}_seconds`, seconds, "seconds", "pressure");
    }
  }

  gpuMetrics(view, set);
  ssdMetrics(view, set);

  const { recorder } = facts;
  const share = wall > 0 ? recorder.cpuSeconds / wall : null;
  metrics.recorder_cpu_ratio = share === null
    ? unknownMetric("ratio", "measured", "the run has no duration")
    : metric(share, "ratio", "measured");
  metrics.recorder_peak_resident_bytes = metric(recorder.peakRssBytes, "bytes", "measured");
  metrics.recorder_missed_ticks = metric(recorder.missedTicks, "count", "measured");
  metrics.recorder_lateness_p99_seconds = metric(
    recorder.latenessP99Ns / 1e9,
    "seconds",
    "measured",
    { count: recorder.ticks },
  );
  return metrics;
}

/** Seconds all processors worked, waited for I/O, and had together; iowait is idle time. */
export function cpuBusy(view: RunView): { busy: number; iowait: number; all: number } | null {
  const of = (field: string): number | null => {
    const total = view.get("cpu", "", field);
    return total === null || total.count < 2 ? null : total.increase;
  };
  const names = ["user", "nice", "system", "irq", "softirq", "steal"];
  const busyParts = names.map((name) => of(`${name}_seconds`));
  const idle = of("idle_seconds");
  const iowait = of("iowait_seconds");
  if (idle === null || iowait === null || busyParts.some((v) => v === null)) return null;
  const busy = busyParts.reduce((a: number, b) => a + b!, 0);
  const all = busy + idle + iowait;
  return all > 0 ? { busy, iowait, all } : null;
}

export interface GpuEnergy {
  readonly joules: number;
  /** Null where counters were read: they miss nothing. */
  readonly coveredSeconds: number | null;
  /** The same energy by power samples, where `joules` comes from counters and every GPU has samples. */
  readonly sampled: { readonly joules: number; readonly coveredSeconds: number } | null;
}

/** Energy of the GPUs of a run: by their energy counters where all have one, else from power samples. */
export function gpuEnergy(
  view: RunView,
): GpuEnergy | null {
  const source = gpuSourceOf(view);
  if (source === null) return null;
  const devices = wholeGpus(view, source);
  // Parts of GPUs alone (MIG instances, processes) have no energy of their own.
  if (devices.length === 0) return null;
  const counters = devices.map((d) => view.get(source, d, "energy_joules"));
  const power = knownOfGpus(view, source, "power_watts").filter((r) => r.total.coveredSeconds > 0);
  const sampled = power.length === 0 ? null : {
    joules: power.reduce((a, r) => a + r.total.integral, 0),
    coveredSeconds: Math.min(...power.map((r) => r.total.coveredSeconds)),
  };
  if (counters.every((c) => c !== null && c.count >= 2)) {
    return {
      joules: counters.reduce((a, c) => a + c!.increase, 0),
      coveredSeconds: null,
      sampled: power.length === devices.length ? sampled : null,
    };
  }
  return sampled === null ? null : { ...sampled, sampled: null };
}

function gpuMetrics(
  view: RunView,
  set: (id: string, value: number | null, unit: MetricUnit, source: string) => void,
): void {
  const source = gpuSourceOf(view);
  const mean = (field: string): number | null => {
    const known = source === null
      ? []
      : knownOfGpus(view, source, field).filter((r) => r.total.coveredSeconds > 0);
    return known.length === 0
      ? null
      : known.reduce((a, r) => a + r.total.integral / r.total.coveredSeconds, 0) / known.length;
  };
  const peak = (field: string): number | null => {
    const known = source === null ? [] : knownOfGpus(view, source, field);
    return known.length === 0 ? null : Math.max(...known.map((r) => r.total.max!));
  };
  const name = source ?? "nvidia-smi";
  set("gpu_utilization_ratio", mean("utilization_ratio"), "ratio", name);
  set("gpu_sm_active_ratio", mean("sm_active_ratio"), "ratio", name);
  set("gpu_peak_memory_bytes", peak("memory_used_bytes"), "bytes", name);
  set("gpu_energy_joules", gpuEnergy(view)?.joules ?? null, "joules", name);
  const watts = mean("power_watts");
  set("gpu_power_watts", watts, "watts", name);
}

function ssdMetrics(
  view: RunView,
  set: (id: string, value: number | null, unit: MetricUnit, source: string) => void,
): void {
  const sum = (known: readonly { total: SeriesTotal }[]) =>
    known.length === 0 ? null : known.reduce((a, r) => a + r.total.increase, 0);
  const twice = (field: string) => view.known("nvme", field).filter((r) => r.total.count >= 2);
  const host = twice("data_units_written");
  const units = sum(host);
  set("ssd_host_written_bytes", units === null ? null : units * 512_000, "bytes", "nvme");
  const media = twice("media_written_bytes");
  set("ssd_media_written_bytes", sum(media), "bytes", "nvme");
  const both = new Set(media.map((r) => r.series.device));
  const hostOfBoth = sum(host.filter((r) => both.has(r.series.device)));
  set(
    "ssd_write_amplification_ratio",
    hostOfBoth === null || hostOfBoth <= 0 ? null : sum(media)! / (hostOfBoth * 512_000),
    "ratio",
    "nvme",
  );
  const worn = twice("percentage_used");
  set(
    "ssd_life_used_ratio",
    worn.length === 0 ? null : Math.max(...worn.map((r) => r.total.last! - r.total.first!)) / 100,
    "ratio",
    "nvme",
  );
}
