import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import { SpillwayError } from "../../src/model/errors.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { readTopology } from "../../src/parse/topology/read.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { needsShared, sharedPath } from "../shared.ts";

/** The smallest recording of each kind, spoiled in every way a disk, a pipe or a hand spoils files. */
const SAMPLES = [
  "nvidia-smi-csv",
  "nvidia-smi-dmon",
  "nvidia-smi-xml",
  "nvidia-smi-q",
  "nvidia-smi-captures",
  "nvme-cli",
  "smartctl-json",
  "smartctl-text",
  "pcm",
  "proc-sys",
  "iostat",
  "dcgm",
  "prom-nvidia-gpu-exporter",
  "superbench-monitor",
  "xid-kmsg",
];
const TOPOLOGIES = ["lspci", "lsblk", "nccl-topo", "nvidia-smi-topo", "nvidia-smi-nvlink"];

const spoil: Readonly<Record<string, (whole: Buffer) => Buffer>> = {
  "cut at a third": (whole) => whole.subarray(0, Math.floor(whole.length / 3)),
  "cut in the middle": (whole) => whole.subarray(0, Math.floor(whole.length / 2)),
  "cut before its end": (whole) => whole.subarray(0, whole.length - 7),
  "with bytes that are no UTF-8": (whole) => {
    const bytes = Buffer.from(whole);
    const at = Math.floor(bytes.length / 2);
    bytes.set([0xff, 0xfe, 0x00, 0xc3], Math.min(at, bytes.length - 4));
    return bytes;
  },
  "with numbers out of range": (whole) =>
    Buffer.from(whole.toString("latin1").replace(/\b\d{3,}\b/g, "9".repeat(400)), "latin1"),
  "with negative numbers": (whole) =>
    Buffer.from(whole.toString("latin1").replace(/(?<=[\s,:])\d+\b/g, "-5"), "latin1"),
  "with its lines backwards": (whole) =>
    Buffer.from(whole.toString("latin1").split("\n").reverse().join("\n"), "latin1"),
};

function refusal(error: unknown, what: string): void {
  assert.ok(error instanceof SpillwayError, `${what}: ${(error as Error).stack}`);
  assert.equal(error.kind, "data", `${what}: ${error.message}`);
  assert.doesNotMatch(error.message, /undefined|NaN|\[object|Cannot read/, what);
}

/** Every value that came out is finite or null with a reason, counters never negative, times ascending. */
async function sound(trace: Trace<"samples">, what: string): Promise<void> {
  const { series, reasons } = trace.meta;
  let last = -Infinity;
  for await (const batch of trace.batches()) {
    for (let i = 0; i < batch.count; i++) {
      const { field, type } = series[batch.series[i]];
      const value = batch.value[i];
      assert.ok(batch.timeNs[i] >= last, `${what}: times go back`);
      last = batch.timeNs[i];
      if (Number.isNaN(value)) {
        assert.ok(reasons[batch.reason[i]], `${what}: ${field} is null without a reason`);
      } else {
        assert.ok(Number.isFinite(value), `${what}: ${field} is ${value}`);
        if (type === "counter") assert.ok(value >= 0, `${what}: ${field} is ${value}`);
      }
    }
  }
}

const smallest = (kind: string, fits: (path: string) => boolean): string | undefined =>
  readdirSync(sharedPath(`fixtures/${kind}`), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => sharedPath(`fixtures/${kind}/${entry.name}`))
    .map((path) => ({ path, size: readFileSync(path).length }))
    .filter(({ size }) => size > 60)
    .sort((a, b) => a.size - b.size)
    .find(({ path }) => fits(path))?.path;

for (const kind of SAMPLES) {
  test(`spoiled recordings of ${kind} are read soundly or refused with a sentence`, {
    skip: needsShared(`fixtures/${kind}`),
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-spoiled-"));
    try {
      let done = 0;
      const files = readdirSync(sharedPath(`fixtures/${kind}`)).length;
      for (const [how, change] of Object.entries(spoil)) {
        const path = smallest(kind, () => true)!;
        const candidates = [path, smallest(kind, (p) => p !== path)].filter((p) => p !== undefined);
        for (const candidate of candidates) {
          const spoiled = join(folder, basename(candidate));
          writeFileSync(spoiled, change(readFileSync(candidate)));
          const what = `${basename(candidate)} ${how}`;
          try {
            const trace = await importTrace(spoiled, FORMATS);
            if (trace.kind === "samples") await sound(trace as Trace<"samples">, what);
          } catch (error) {
            if (error instanceof assert.AssertionError) throw error;
            refusal(error, what);
          }
          done++;
        }
      }
      assert.ok(done >= Object.keys(spoil).length && files > 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

for (const kind of TOPOLOGIES) {
  test(`spoiled ${kind} is read or refused with a sentence`, {
    skip: needsShared(`fixtures/${kind}`),
  }, () => {
    const path = smallest(kind, () => true)!;
    for (const [how, change] of Object.entries(spoil)) {
      const what = `${basename(path)} ${how}`;
      try {
        readTopology(change(readFileSync(path)).toString("utf8"), basename(path));
      } catch (error) {
        refusal(error, what);
      }
    }
  });
}
