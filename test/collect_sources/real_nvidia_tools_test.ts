/** NVIDIA's own tool and library on a machine that has neither GPU nor driver: what they really say there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { openNvml } from "../../src/collect/gpu/nvml/api.ts";
import { source as nvidiaSmi } from "../../src/collect/sources/nvidia_smi.ts";
import { source as nvml } from "../../src/collect/sources/nvml.ts";
import { smiExitReason, smiFailure } from "../../src/parse/gpu/smi_failure.ts";
import { openLibrary, textOfC } from "../../src/runtime/ffi/library.ts";
import { collector, sourceContext } from "./collector.ts";
import { until } from "./zmq_publisher.ts";

const NOT_LOADED = "the NVIDIA driver is not loaded";
const SIGNATURES = {
  nvmlInit_v2: { parameters: [] },
  nvmlDeviceGetCount_v2: { parameters: ["buffer"] },
  nvmlSystemGetNVMLVersion: { parameters: ["buffer", "u32"] },
} as const;

const driver = existsSync("/proc/driver/nvidia/version");
const hasTool = spawnSync("nvidia-smi", ["-h"]).error === undefined;
const skipTool = driver
  ? "a driver is loaded here"
  : hasTool
  ? false
  : "nvidia-smi is not installed";

const hasLibrary = await openLibrary("libnvidia-ml.so.1", SIGNATURES).then((opened) => {
  if ("problem" in opened) return false;
  opened.library.close();
  return true;
});
const skipLibrary = driver
  ? "a driver is loaded here"
  : hasLibrary
  ? false
  : "libnvidia-ml1 is not installed";

test(
  "nvidia-smi without a driver: every form ends with 9 and says why on stdout, where values stand",
  {
    skip: skipTool,
  },
  () => {
    const forms = [
      ["-L"],
      ["-q", "-x"],
      ["--query-gpu=index,power.draw", "--format=csv"],
      ["--query-gpu=index", "--format=csv", "--loop-ms=100"],
      ["dmon", "-s", "t", "-d", "1"],
      ["topo", "-m"],
    ];
    for (const form of forms) {
      const done = spawnSync("nvidia-smi", form, { encoding: "utf8" });
      assert.equal(done.status, 9, form.join(" "));
      assert.equal(done.stderr, "", form.join(" "));
      assert.equal(smiFailure(done.stdout), NOT_LOADED, form.join(" "));
    }
    assert.equal(smiExitReason(9), NOT_LOADED);
  },
);

test(
  "the source over the real nvidia-smi is absent with its words, and partial when opened all the same",
  {
    skip: skipTool,
  },
  async () => {
    const found = await nvidiaSmi.probe(sourceContext(""));
    assert.equal(found.status, "absent");
    assert.equal(found.reason, NOT_LOADED);
    assert.match(found.remedy!, /nvidia-smi/);
    // As after a driver was unloaded in mid-run: the loop ends at once, the recorder goes on.
    const opened = await nvidiaSmi.open(sourceContext(""));
    const { sink, pushed } = collector();
    try {
      await until(async () => {
        await opened.sample(sink);
        return opened.failure() !== null;
      }, "the end of the loop");
      assert.equal(opened.failure(), NOT_LOADED);
      assert.deepEqual(pushed, [], "no value is made up");
    } finally {
      await opened.close();
    }
  },
);

test("the real NVML without a driver: its version is there, its initialisation returns 9", {
  skip: skipLibrary,
}, async () => {
  const opened = await openLibrary("libnvidia-ml.so.1", SIGNATURES);
  assert.ok("library" in opened);
  const { library } = opened;
  const version = new Uint8Array(96);
  assert.equal(library.call("nvmlSystemGetNVMLVersion", [version, version.length]), 0);
  assert.match(textOfC(version), /^\d+\.\d+\.\d+/);
  assert.equal(library.call("nvmlInit_v2", []), 9, "NVML_ERROR_DRIVER_NOT_LOADED");
  const count = new Uint8Array(4);
  assert.equal(library.call("nvmlDeviceGetCount_v2", [count]), 1, "NVML_ERROR_UNINITIALIZED");
  library.close();
  const kept = process.env.SPILLWAY_NVML_LIBRARY;
  delete process.env.SPILLWAY_NVML_LIBRARY;
  try {
    assert.deepEqual(await openNvml(undefined), { status: "absent", reason: NOT_LOADED });
    const found = await nvml.probe(sourceContext(""));
    assert.deepEqual([found.status, found.reason], ["absent", NOT_LOADED]);
    assert.match(found.remedy!, /driver/);
  } finally {
    if (kept !== undefined) process.env.SPILLWAY_NVML_LIBRARY = kept;
  }
});
