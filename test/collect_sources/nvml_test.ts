import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { nvmlReason } from "../../src/collect/gpu/nvml/errors.ts";
import * as layout from "../../src/collect/gpu/nvml/layout.ts";
import { source as nvml } from "../../src/collect/sources/nvml.ts";
import { missingReason } from "../../src/parse/gpu/missing_value.ts";
import { openLibrary } from "../../src/runtime/ffi/library.ts";
import { collector, sourceContext } from "./collector.ts";

const C_SOURCE = fileURLToPath(new URL("./nvml_stub/stub.c", import.meta.url));
const hasCompiler = spawnSync("gcc", ["--version"]).error === undefined;
const skip = hasCompiler ? false : "gcc is not installed: the stub of NVML cannot be built";

let folder = "";
let library = "";
let state = "";

before(() => {
  if (!hasCompiler) return;
  folder = mkdtempSync(join(tmpdir(), "spillway-nvml-"));
  library = join(folder, "libnvidia-ml.so.1");
  state = join(folder, "state");
  const built = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, C_SOURCE], {
    encoding: "utf8",
  });
  assert.equal(built.status, 0, built.stderr);
  process.env.SPILLWAY_NVML_LIBRARY = library;
  process.env.NVML_STUB_STATE = state;
});

after(() => {
  delete process.env.SPILLWAY_NVML_LIBRARY;
  delete process.env.NVML_STUB_STATE;
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

/** What the stub does from now on; the environment of C is set once, so that a file carries it. */
function stub(code: number): void {
  writeFileSync(state, `${code}\n`);
}

/** The environment of the process as C sees it is only set before it starts: the stub runs in a child. */
const setsEnvironment = async (): Promise<void> => {
  const opened = await openLibrary("libc.so.6", {
    setenv: { parameters: ["buffer", "buffer", "i32"] },
  });
  if ("problem" in opened) throw new Error(opened.problem);
  const c = (text: string) => new TextEncoder().encode(`${text}\0`);
  opened.library.call("setenv", [c("NVML_STUB_STATE"), c(state), 1]);
  opened.library.close();
};

test("structures have the sizes and offsets that a C compiler gives them", { skip }, async () => {
  const opened = await openLibrary(library, { stub_layout: { parameters: ["i32"] } });
  assert.ok("library" in opened);
  const at = (which: number) => opened.library.call("stub_layout", [which]);
  const expected = [
    layout.UTILIZATION.size,
    layout.UTILIZATION.memory,
    layout.MEMORY_V1.size,
    layout.MEMORY_V1.used,
    layout.MEMORY_V2.size,
    layout.MEMORY_V2.total,
    layout.MEMORY_V2.used,
    layout.PCI_INFO.size,
    layout.PCI_INFO.busId,
    layout.PROCESS_INFO.size,
    layout.PROCESS_INFO.usedGpuMemory,
    layout.FIELD_VALUE.size,
    layout.FIELD_VALUE.valueType,
    layout.FIELD_VALUE.nvmlReturn,
    layout.FIELD_VALUE.value,
    layout.VIOLATION_TIME.size,
    layout.VIOLATION_TIME.violationTime,
    layout.GPM_SUPPORT.size,
    layout.GPM_METRIC.size,
    layout.GPM_METRIC.value,
    layout.GPM_METRICS_GET.headSize,
    layout.GPM_METRICS_GET.sample2,
    layout.MEMORY_V2.reserved,
    layout.MEMORY_V2.free,
  ];
  assert.deepEqual(expected.map((_, i) => at(i)), expected);
  opened.library.close();
});

test("every return code has a reason, worded as nvidia-smi's spellings are", () => {
  for (let code = 1; code <= 29; code++) {
    assert.ok(!/NVML returns/.test(nvmlReason(code)!), `${code}`);
  }
  assert.equal(nvmlReason(0), null);
  assert.equal(nvmlReason(4711), "NVML returns 4711");
  for (
    const [code, spelling] of [
      [3, "[N/A]"],
      [4, "Insufficient Permissions"],
      [6, "Not Found"],
      [13, "[Function Not Found]"],
      [15, "[GPU is lost]"],
      [16, "[GPU requires reset]"],
      [26, "[Requested functionality has been deprecated]"],
      [999, "[Unknown Error]"],
    ] as const
  ) assert.equal(nvmlReason(code), missingReason(spelling), spelling);
});

test(
  "NVML gives every field in our units, and null with the reason where it has none",
  { skip },
  async () => {
    await setsEnvironment();
    stub(0);
    const context = sourceContext("");
    const found = await nvml.probe(context);
    assert.equal(found.status, "ok");
    assert.deepEqual(found.devices, ["GPU-0 Stub H100", "GPU-1 Stub H100"]);
    assert.deepEqual(found.facts!["GPU-1"], {
      name: "Stub H100",
      address: "00000000:3B:00.0",
      driver: "570.00.stub",
    });
    const opened = await nvml.open(context);
    const { sink, last } = collector();
    await opened.sample(sink);
    await new Promise((resolve) => setTimeout(resolve, 250));
    await opened.sample(sink);
    const value = (name: string) => last(name)?.value;
    assert.equal(value("GPU-0 utilization_ratio"), 0.29);
    assert.equal(value("GPU-0 memory_total_bytes"), 85899345920);
    assert.equal(value("GPU-0 memory_reserved_bytes"), 643825664);
    assert.equal(value("GPU-0 power_watts"), 345.678);
    assert.equal(value("GPU-0 power_instant_watts"), 351.234);
    assert.ok(value("GPU-0 energy_joules")! > 1000);
    assert.equal(value("GPU-0 temperature_celsius"), 61);
    assert.equal(value("GPU-0 memory_temperature_celsius"), 71);
    assert.equal(value("GPU-0 sm_clock_hertz"), 1001e6);
    assert.equal(
      value("GPU-0 clock_event_reasons"),
      4,
      "the old name where the new one is missing",
    );
    assert.equal(value("GPU-0 clock_event_sw_thermal_seconds"), 5);
    assert.equal(value("GPU-0 pcie_replays"), 12);
    assert.equal(value("GPU-0 link_width_lanes"), 8);
    assert.equal(value("GPU-0 ecc_lifetime_uncorrected_errors"), 111);
    assert.equal(value("GPU-0 retired_pages_double_bit"), 6);
    assert.equal(value("GPU-0 remapped_rows_uncorrectable"), 2);
    assert.equal(value("GPU-0 remapped_rows_failure_flag"), 1);
    assert.equal(value("GPU-0 processes"), 2);
    assert.equal(value("GPU-0/pid-4242 memory_used_bytes"), 2 ** 30);
    assert.equal(last("GPU-0/pid-4243 memory_used_bytes")!.reason, "not available on this GPU");
    assert.equal(value("GPU-1/MIG-2 memory_used_bytes"), 4294967296);
    assert.equal(last("GPU-0 fan_ratio")!.reason, "not available on this GPU");
    assert.equal(
      last("GPU-0 retired_pages_pending_flag")!.reason,
      "insufficient permissions: root is needed",
    );
    // GPM where the GPU has it; else the blocking call, on another thread where there is one.
    assert.equal(value("GPU-0 sm_active_ratio"), 0.42);
    assert.equal(last("GPU-0 tensor_active_ratio")!.reason, "not available on this GPU");
    assert.equal(value("GPU-0 pcie_rx_bytes_per_second"), 100 * 2 ** 20);
    const rx = last("GPU-1 pcie_rx_bytes_per_second")!;
    if (process.versions.bun === undefined) assert.equal(rx.value, 2_500_000);
    else assert.match(rx.reason!, /no other thread/);
    assert.equal(opened.failure(), null);
    await opened.close();
  },
);

test("a GPU that is lost gives nulls with the reason, the other goes on, and it is found again", {
  skip,
}, async () => {
  await setsEnvironment();
  stub(0);
  let clock = 0;
  const context = { ...sourceContext(""), nowNs: () => clock };
  const opened = await nvml.open(context);
  const { sink, last } = collector();
  /** Time for PCIe throughput, which is measured for 40 ms elsewhere. */
  const measured = () => new Promise((resolve) => setTimeout(resolve, 120));
  await opened.sample(sink);
  assert.equal(last("GPU-1 power_watts")!.value, 345.678);
  await measured();
  stub(15);
  clock = 1e9;
  await opened.sample(sink);
  assert.deepEqual([last("GPU-1 power_watts")!.value, last("GPU-1 power_watts")!.reason], [
    null,
    "the GPU is lost",
  ]);
  assert.equal(last("GPU-1 temperature_celsius")!.value, null, "slow fields are unknown too");
  assert.equal(last("GPU-1/MIG-2 memory_used_bytes")!.value, null, "and its instances");
  assert.equal(last("GPU-0 power_watts")!.value, 345.678, "the other GPU goes on");
  assert.match(opened.failure()!, /^GPU-1: the GPU is lost$/);
  // Attempts come after 1 s, 2 s, 4 s: at 2.5 s it is still lost, at 10 s it is back.
  for (const at of [1.5e9, 2.5e9, 3e9]) {
    clock = at;
    await opened.sample(sink);
    await measured();
  }
  assert.equal(last("GPU-1 power_watts")!.value, null);
  assert.equal(last("GPU-0 power_watts")!.value, 345.678);
  stub(0);
  clock = 10e9;
  await opened.sample(sink);
  await measured();
  clock = 20e9;
  await opened.sample(sink);
  assert.equal(last("GPU-1 power_watts")!.value, 345.678, "read again after the reset");
  await opened.close();
});

test("a driver that leaves a GPU out and numbers the others anew does not swap them", {
  skip,
}, async () => {
  await setsEnvironment();
  stub(0);
  let clock = 0;
  const opened = await nvml.open({ ...sourceContext(""), nowNs: () => clock });
  const { sink, last } = collector();
  const measured = () => new Promise((resolve) => setTimeout(resolve, 120));
  await opened.sample(sink);
  await measured();
  stub(15);
  clock = 1e9;
  await opened.sample(sink);
  await measured();
  assert.equal(last("GPU-1 power_watts")!.value, null);
  stub(8000);
  for (const at of [10e9, 30e9, 90e9, 200e9]) {
    clock = at;
    await opened.sample(sink);
    await measured();
  }
  assert.equal(last("GPU-1 power_watts")!.value, 345.678, "the GPU that is listed");
  assert.equal(last("GPU-0 power_watts")!.reason, "the GPU is no longer listed");
  await opened.close();
  stub(0);
});

test("a driver that is missing or of another version is named", { skip }, async () => {
  await setsEnvironment();
  for (const [code, words] of [[9, /driver is not loaded/], [18, /versions differ/]] as const) {
    stub(9000 + code);
    const found = await nvml.probe(sourceContext(""));
    assert.equal(found.status, "absent");
    assert.match(found.reason!, words);
    assert.ok(found.remedy !== null);
  }
  stub(9004);
  assert.equal((await nvml.probe(sourceContext(""))).status, "denied");
  stub(0);
});

test("without the library the source is absent, with what to do", async () => {
  const kept = process.env.SPILLWAY_NVML_LIBRARY;
  process.env.SPILLWAY_NVML_LIBRARY = "/nonexistent/libnvidia-ml.so.1";
  try {
    const found = await nvml.probe(sourceContext(""));
    assert.equal(found.status, "absent");
    assert.match(found.reason!, /not installed|cannot be loaded/);
    assert.match(found.remedy!, /driver/);
  } finally {
    if (kept === undefined) delete process.env.SPILLWAY_NVML_LIBRARY;
    else process.env.SPILLWAY_NVML_LIBRARY = kept;
  }
});
