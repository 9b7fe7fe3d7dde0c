import assert from "node:assert/strict";
import { test } from "node:test";
import { runMetrics } from "../../src/analyze/run_metrics.ts";
import { runUsage } from "../../src/analyze/run_usage.ts";
import { runLedger } from "../../src/analyze/ledger.ts";
import { createRunView } from "../../src/analyze/run_view.ts";
import type { SeriesTotal } from "../../src/analyze/series_totals.ts";

/** A gauge that held `value` for 10 s, or a counter that grew by it. */
function total(value: number): SeriesTotal {
  return {
    count: 11,
    missing: 0,
    missingReason: null,
    first: 0,
    last: value,
    firstTimeNs: 0,
    lastTimeNs: 10e9,
    min: value,
    max: value,
    increase: value,
    resets: 0,
    integral: value * 10,
    coveredSeconds: 10,
  };
}

function view(values: Readonly<Record<string, number>>) {
  return createRunView(
    Object.entries(values).map(([key, value]) => {
      const [source, device, field] = key.split(" ");
      return {
        series: { source, device, field, unit: "x", type: "gauge" as const },
        total: total(value),
      };
    }),
  );
}

const RECORDER = { ticks: 1, missedTicks: 0, latenessP99Ns: 0, cpuSeconds: 0, peakRssBytes: 0 };
const FACTS = { durationSeconds: 10, sources: [], recorder: RECORDER };

test("processes and MIG instances are parts of a GPU, and are not counted beside it", () => {
  const run = view({
    "nvml GPU-0 power_watts": 300,
    "nvml GPU-0 memory_used_bytes": 50,
    "nvml GPU-0 utilization_ratio": 0.5,
    "nvml GPU-0/pid-17 memory_used_bytes": 40,
    "nvml GPU-0/MIG-1 memory_used_bytes": 10,
    "nvml GPU-0/MIG-1 power_watts": 300,
  });
  const metrics = runMetrics(run, FACTS);
  assert.equal(metrics.gpu_energy_joules.value, 3000);
  assert.equal(metrics.gpu_peak_memory_bytes.value, 50);
  const usage = runUsage(run, {
    durationSeconds: 10,
    logicalCpus: 4,
    gpuNames: {},
    rotational: {},
  });
  const gpus = usage.devices.filter((d) => d.kind === "gpu");
  assert.deepEqual(gpus.map((d) => [d.count, d.busySeconds]), [[1, 5]]);
  assert.deepEqual(usage.held?.filter((h) => h.tier === "hbm"), [{
    tier: "hbm",
    byteSeconds: 500,
  }]);
});

test("no counter of time counts more than the run lasted", () => {
  const run = view({
    "block nvme0n1 busy_seconds": 12.1,
    "block nvme1n1 busy_seconds": 4,
    "pressure cpu some_stall_seconds": 13.7,
    "pressure io some_stall_seconds": 3,
  });
  const metrics = runMetrics(run, FACTS);
  assert.equal(metrics.disk_busy_ratio.value, 1);
  assert.equal(metrics.cpu_pressure_some_seconds.value, 10);
  assert.ok(Math.abs(Number(metrics.io_pressure_some_seconds.value) - 3) < 1e-9);
  const facts = { durationSeconds: 10, logicalCpus: 4, gpuNames: {}, rotational: {} };
  const disks = runUsage(run, facts).devices.filter((d) => d.kind === "ssd");
  assert.deepEqual(disks.map((d) => d.busySeconds), [14]);
});

test("the ledger has the spare blocks of drives, which can only fall, and no other gauge", () => {
  const of = (device: string, field: string, first: number, last: number, count = 2) => ({
    series: { source: "nvme", device, field, unit: "ratio", type: "gauge" as const },
    total: { ...total(0), first, last, count },
  });
  const rows = runLedger(createRunView([
    of("nvme0", "available_spare_ratio", 1, 0.75),
    of("nvme0", "percentage_used", 3, 4),
    of("nvme0", "temperature_celsius", 30, 50),
    of("nvme1", "available_spare_ratio", 1, 1, 1),
  ]));
  assert.deepEqual(rows.map((r) => [r.device, r.field, r.before, r.after, r.delta]), [
    ["nvme0", "available_spare_ratio", 1, 0.75, -0.25],
    ["nvme0", "percentage_used", 3, 4, 1],
    ["nvme1", "available_spare_ratio", 1, 1, null],
  ]);
  assert.match(rows[2].reason!, /fewer than two times/);
});

test("write amplification is taken over the drives that count both sides", () => {
  const run = view({
    "nvme nvme0 data_units_written": 1000,
    "nvme nvme0 media_written_bytes": 1000 * 512_000 * 1.5,
    "nvme nvme0 percentage_used": 2,
    "nvme nvme1 data_units_written": 9000,
  });
  const metrics = runMetrics(run, FACTS);
  assert.equal(metrics.ssd_write_amplification_ratio.value, 1.5);
  assert.equal(metrics.ssd_host_written_bytes.value, 10_000 * 512_000);
  assert.equal(metrics.ssd_life_used_ratio.value, 0.02);
  const none = runMetrics(view({ "nvme nvme1 data_units_written": 9000 }), FACTS);
  assert.equal(none.ssd_write_amplification_ratio.value, null);
});

test("a page of MIG instances alone has no energy, and a count of processes is no GPU", () => {
  const parts = view({
    "dcgm GPU-0/MIG-1 energy_joules": 300,
    "dcgm GPU-0/MIG-2 energy_joules": 300,
  });
  assert.equal(runMetrics(parts, FACTS).gpu_energy_joules.value, null);
  const run = view({ "nvidia-smi GPU-0 power_watts": 300, "nvidia-smi  processes": 3 });
  const usage = runUsage(run, {
    durationSeconds: 10,
    logicalCpus: 4,
    gpuNames: {},
    rotational: {},
  });
  assert.deepEqual(usage.devices.map((d) => [d.kind, d.count]), [["gpu", 1]]);
});

test("the head of a multipath namespace repeats its path, and stands alone where no path is listed", () => {
  const run = view({
    "block nvme0n1 write_bytes": 100,
    "block nvme0c0n1 write_bytes": 100,
    "block nvme1n1 write_bytes": 10,
  });
  assert.equal(runMetrics(run, FACTS).disk_written_bytes.value, 110);
});

test("a counter that was read once counted nothing that is known", () => {
  const once = (source: string, device: string, field: string) => ({
    series: { source, device, field, unit: "x", type: "counter" as const },
    total: { ...total(0), first: 7, last: 7, count: 1 },
  });
  const run = createRunView([
    once("nvme", "nvme0", "data_units_written"),
    once("nvme", "nvme0", "media_written_bytes"),
    once("rapl", "package-0", "energy_joules"),
  ]);
  const metrics = runMetrics(run, FACTS);
  for (const id of ["ssd_host_written_bytes", "ssd_media_written_bytes"]) {
    assert.equal(metrics[id].value, null, id);
  }
  const facts = { durationSeconds: 10, logicalCpus: 4, gpuNames: {}, rotational: {} };
  assert.deepEqual(runUsage(run, facts).measured?.joules, undefined);
});

test("the energy of a fleet's processors is found under the names of its machines", () => {
  const run = view({
    "rapl node-1:package-0 energy_joules": 30,
    "rapl node-2:package-0 energy_joules": 40,
    "rapl node-2:dram-0 energy_joules": 5,
  });
  const facts = { durationSeconds: 10, logicalCpus: 4, gpuNames: {}, rotational: {} };
  assert.deepEqual(runUsage(run, facts).measured?.joules, { cpu: 70, dram: 5 });
});
