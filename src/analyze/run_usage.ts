import type {
  DeviceUsage,
  DriveLife,
  FlowUsage,
  HeldUsage,
  MeasuredUsage,
  Usage,
} from "../model/usage.ts";
import { gpuKey } from "./gpu_key.ts";
import { servedUnits } from "./run_engine.ts";
import { cpuBusy, gpuEnergy } from "./run_metrics.ts";
import { gpuSourceOf, knownOfGpus, type RunView, storageDevices, wholeGpus } from "./run_view.ts";

export interface UsageFacts {
  readonly durationSeconds: number;
  readonly logicalCpus: number;
  /** Product name of each GPU by device, where known. */
  readonly gpuNames: Readonly<Record<string, string>>;
  /** Whether a disk spins, by device; unknown disks count as solid state. */
  readonly rotational: Readonly<Record<string, boolean>>;
}

/**
 * What a recorded run used of the machine, for `estimate`. Everything is from counters; what was not read
 * is left out, never 0: a run without a GPU source has no GPU.
 */
export function runUsage(view: RunView, facts: UsageFacts): Usage {
  const wall = facts.durationSeconds;
  return {
    wallSeconds: wall,
    functionalUnits: servedUnits(view),
    devices: [...gpuDevices(view, facts), ...cpuDevices(view, facts), ...diskDevices(view, facts)],
    flows: diskFlows(view, facts),
    held: heldBytes(view),
    measured: measured(view, facts),
    evidence: "measured",
  };
}

function gpuDevices(view: RunView, facts: UsageFacts): DeviceUsage[] {
  const source = gpuSourceOf(view);
  if (source === null) return [];
  const groups = new Map<string, string[]>();
  for (const device of wholeGpus(view, source)) {
    const key = gpuKey(facts.gpuNames[device] ?? "") ?? "";
    groups.set(key, [...groups.get(key) ?? [], device]);
  }
  return [...groups].map(([key, devices]) => {
    const busy = devices.map((d) => view.get(source, d, "utilization_ratio"));
    const known = busy.every((total) => total !== null && total.coveredSeconds > 0);
    const base = {
      kind: "gpu" as const,
      count: devices.length,
      reservedSeconds: devices.length * facts.durationSeconds,
      busySeconds: known ? busy.reduce((a, total) => a + total!.integral, 0) : null,
    };
    return key === "" ? base : { ...base, key };
  });
}

function cpuDevices(view: RunView, facts: UsageFacts): DeviceUsage[] {
  const busy = cpuBusy(view);
  if (busy === null) return [];
  return [{
    kind: "cpu",
    count: facts.logicalCpus,
    reservedSeconds: facts.logicalCpus * facts.durationSeconds,
    busySeconds: busy.busy,
  }];
}

function diskKind(device: string, facts: UsageFacts): "ssd" | "hdd" {
  return facts.rotational[device] === true ? "hdd" : "ssd";
}

function diskDevices(view: RunView, facts: UsageFacts): DeviceUsage[] {
  return (["ssd", "hdd"] as const).flatMap((kind): DeviceUsage[] => {
    const disks = storageDevices(view).filter((d) => diskKind(d, facts) === kind);
    if (disks.length === 0) return [];
    const busy = disks.map((d) => view.get("block", d, "busy_seconds"));
    const assumed = disks.some((d) => facts.rotational[d] === undefined);
    return [{
      ...(assumed ? { kindAssumed: true as const } : {}),
      kind,
      count: disks.length,
      reservedSeconds: disks.length * facts.durationSeconds,
      busySeconds: busy.every((total) => total !== null && total.count >= 2)
        ? busy.reduce((a, total) => a + Math.min(total!.increase, facts.durationSeconds), 0)
        : null,
    }];
  });
}

function diskFlows(view: RunView, facts: UsageFacts): FlowUsage[] {
  return (["ssd", "hdd"] as const).flatMap((tier) =>
    (["read", "write"] as const).flatMap((direction): FlowUsage[] => {
      const disks = storageDevices(view).filter((d) => diskKind(d, facts) === tier);
      const sum = (field: string): number | null => {
        const totals = disks.map((d) => view.get("block", d, `${direction}_${field}`));
        return totals.length === 0 || totals.some((total) => total === null || total.count < 2)
          ? null
          : totals.reduce((a, total) => a + total!.increase, 0);
      };
      const bytes = sum("bytes");
      const requests = sum("requests");
      return bytes === null || requests === null ? [] : [{ tier, direction, bytes, requests }];
    })
  );
}

/** Byte-seconds: GPU memory in use, and host memory of the recorded processes (else all in use). */
function heldBytes(view: RunView): HeldUsage[] {
  const held: HeldUsage[] = [];
  const source = gpuSourceOf(view);
  if (source !== null) {
    const used = knownOfGpus(view, source, "memory_used_bytes");
    if (used.length > 0) {
      held.push({ tier: "hbm", byteSeconds: used.reduce((a, r) => a + r.total.integral, 0) });
    }
  }
  const resident = view.get("process-io", "", "resident_bytes");
  const total = view.get("memory", "", "total_bytes");
  const available = view.get("memory", "", "available_bytes");
  if (resident !== null && resident.integral > 0) {
    held.push({ tier: "dram", byteSeconds: resident.integral });
  } else if (total !== null && available !== null && available.coveredSeconds > 0) {
    held.push({ tier: "dram", byteSeconds: total.integral - available.integral });
  }
  return held;
}

/**
 * Bytes that went to the SSDs by the kernel, where it does not tell in how many requests: no flow then
 * holds them. Null where a flow does, or where nobody knows.
 */
function uncountedRequests(view: RunView, facts: UsageFacts): number | null {
  const disks = storageDevices(view).filter((d) => diskKind(d, facts) === "ssd");
  const totals = (field: string) =>
    disks.map((d) => view.get("block", d, field)).filter((t) => t !== null && t.count >= 2);
  const bytes = totals("write_bytes");
  if (disks.length === 0 || bytes.length < disks.length) return null;
  if (totals("write_requests").length === disks.length) return null;
  return bytes.reduce((a, t) => a + t!.increase, 0);
}

function measured(view: RunView, facts: UsageFacts): MeasuredUsage {
  const wallSeconds = facts.durationSeconds;
  const joules: Record<string, number> = {};
  let coverage: number | undefined;
  const gpu = gpuEnergy(view);
  // Samples that miss a part of the run say nothing against a counter.
  const check = gpu?.sampled != null && gpu.sampled.coveredSeconds >= 0.99 * wallSeconds
    ? gpu.sampled.joules
    : null;
  if (gpu !== null) {
    joules.gpu = gpu.joules;
    coverage = gpu.coveredSeconds === null
      ? 1
      : wallSeconds > 0
      ? Math.min(1, gpu.coveredSeconds / wallSeconds)
      : 0;
  }
  for (
    const [kind, pattern] of [["cpu", /^([^/]*:)?package/], ["dram", /^([^/]*:)?dram/]] as const
  ) {
    const zones = view.known("rapl", "energy_joules")
      .filter((r) => pattern.test(r.series.device) && r.total.count >= 2);
    if (zones.length > 0) joules[kind] = zones.reduce((a, r) => a + r.total.increase, 0);
  }
  const written = view.known("nvme", "data_units_written").filter((r) => r.total.count >= 2);
  const media = view.known("nvme", "media_written_bytes").filter((r) => r.total.count >= 2);
  const drives = driveLives(view);
  const hostWritten = written.length > 0
    ? written.reduce((a, r) => a + r.total.increase, 0) * 512_000
    : uncountedRequests(view, facts);
  return {
    ...(check === null ? {} : { gpuIntegralJoules: check }),
    ...(drives.length === 0 ? {} : { drives }),
    ...(Object.keys(joules).length > 0 ? { joules } : {}),
    ...(coverage === undefined ? {} : { coverageRatio: coverage }),
    ...(hostWritten === null ? {} : { ssdHostWrittenBytes: hostWritten }),
    ...(media.length === 0 ? {} : {
      ssdMediaWrittenBytes: media.reduce((a, r) => a + r.total.increase, 0),
    }),
  };
}

/** What the SMART logs say of each drive's life: all it ever wrote, and for how long it was powered. */
function driveLives(view: RunView): DriveLife[] {
  return view.devices("nvme").flatMap((device) => {
    const written = view.get("nvme", device, "data_units_written")?.last ?? null;
    const hours = view.get("nvme", device, "power_on_hours")?.last ?? null;
    if (written === null || hours === null || hours <= 0) return [];
    return [{ device, lifetimeHostBytes: written * 512_000, powerOnHours: hours }];
  });
}
