import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import { SpillwayError } from "../../src/model/errors.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { readTopology } from "../../src/parse/topology/read.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { needsShared, sharedPath } from "../shared.ts";

/** What must become of a recording: imported under a format, read as a topology, or refused in one sentence. */
type Outcome =
  | { readonly format: string }
  | { readonly topology: string }
  | { readonly refused: RegExp };

const format = (name: string): Outcome => ({ format: name });
const topology = (source: string): Outcome => ({ topology: source });
const refused = (sentence: RegExp): Outcome => ({ refused: sentence });

/** First row that fits the path wins; a file that fits none fails the test, so none is left out silently. */
const TABLE: readonly (readonly [path: RegExp, outcome: Outcome])[] = [
  [/^nvidia-smi-captures\//, format("nvidia-smi-capture")],
  [/^nvidia-smi-csv\//, format("nvidia-smi-csv")],
  [/^nvidia-smi-dmon\//, format("nvidia-smi-dmon")],
  [/^nvidia-smi-xml\//, format("nvidia-smi-xml")],
  [/^nvidia-smi-q\/.*smi\.550/, format("nvidia-smi-table")],
  [/^nvidia-smi-q\//, format("nvidia-smi-text")],
  [/^nvidia-smi-failures\/kmsg-fallen/, format("xid-log")],
  [/^nvidia-smi-failures\/lib-missing/, refused(/is empty/)],
  [/^nvidia-smi-failures\/no-driver/, refused(/driver is not loaded/)],
  [/^nvidia-smi-failures\/nvml-driver-mismatch/, refused(/driver and library versions differ/)],
  [/^nvidia-smi-failures\/nvml-unknown/, refused(/NVML cannot be initialised/)],
  [/^nvidia-smi-failures\/table-err/, format("nvidia-smi-table")],
  [/^nvidia-smi-nvlink\//, topology("nvidia-smi nvlink")],
  [/^nvidia-smi-topo\/windows/, refused(/Option -m is missing its value/)],
  [/^nvidia-smi-topo\//, topology("nvidia-smi topo")],
  [/^nvme-cli\/.*list/, format("nvme-list")],
  [/^nvme-cli\//, format("nvme-smart-log")],
  [/^smartctl-json\/(.*scan|scrutiny-smartctl_info|local-vda)/, refused(/gives no health/)],
  [/^smartctl-json\//, format("smartctl-json")],
  [/^smartctl-text\//, format("smartctl-text")],
  [/^lspci\/.*stderr/, refused(/lists no devices: lspci: Unable/)],
  [/^lspci\//, topology("lspci")],
  [/^lsblk\//, topology("lsblk")],
  [/^nccl-topo\//, topology("nccl")],
  [/^pcm\/pcm-iio/, format("pcm-iio")],
  [/^pcm\//, format("pcm-pcie")],
  [/^proc-sys\/.*diskstats/, format("diskstats")],
  [/^proc-sys\/.*sysfs-subset/, refused(/in no format that Spillway knows/)],
  [/^iostat\/.*\.json$/, format("iostat-json")],
  [/^iostat\//, format("iostat-text")],
  [/^dcgm\/.*\.csv$/, refused(/in no format that Spillway knows/)],
  [/^dcgm\//, format("prometheus-text")],
  [/^prom-nvidia-gpu-exporter\//, format("prometheus-text")],
  [/^superbench-monitor\//, format("superbench-monitor")],
  [/^xid-kmsg\/.*(peermem|kmsg\.1)/, refused(/no line with an NVRM Xid|in no format/)],
  [/^xid-kmsg\//, format("xid-log")],
];

const KINDS = [...new Set(TABLE.map(([path]) => path.source.replace(/^\^([a-z-]+)\\\/.*$/, "$1")))];

/** Checks that every reading of a trace of samples is a number, or null with a reason that is none of ours. */
async function checkSamples(trace: Trace<"samples">, file: string): Promise<void> {
  const { series, reasons } = trace.meta;
  let known = 0;
  let last = 0;
  for await (const batch of trace.batches()) {
    for (let i = 0; i < batch.count; i++) {
      const { field, unit } = series[batch.series[i]];
      const value = batch.value[i];
      assert.ok(batch.timeNs[i] >= last, `${file}: times go back`);
      last = batch.timeNs[i];
      if (Number.isNaN(value)) {
        const reason = reasons[batch.reason[i]];
        assert.ok(reason !== undefined && reason !== "", `${file}: ${field} without a reason`);
        assert.doesNotMatch(reason, /is no number|is not known/, `${file}: ${field}: ${reason}`);
        continue;
      }
      known++;
      if (unit === "ratio" && !/fan|edpp|_perc/.test(field)) {
        // iostat divides by a time it measured itself, and may print 100.5 %.
        const most = trace.format.startsWith("iostat") ? 1.05 : 1.0001;
        assert.ok(value >= 0 && value <= most, `${file}: ${field} is ${value}`);
      }
      if (unit === "celsius") {
        assert.ok(value > -60 && value < 150, `${file}: ${field} is ${value}`);
      }
      if (unit === "bytes" || unit === "count") assert.ok(value >= 0, `${file}: ${field} ${value}`);
    }
  }
  assert.ok(known > 0, `${file}: nothing is known`);
}

function check(file: string, outcome: Outcome): Promise<void> | void {
  const path = sharedPath(`fixtures/${file}`);
  if ("topology" in outcome) {
    const found = readTopology(readFileSync(path, "utf8"), file);
    assert.equal(found.source, outcome.topology, file);
    assert.ok(found.devices.length + found.distances.length + found.notes.length > 0, file);
    return;
  }
  if ("format" in outcome) {
    return importTrace(path, FORMATS).then(async (trace) => {
      assert.equal(trace.format, outcome.format, file);
      assert.ok(trace.rows > 0, file);
      if (trace.kind === "samples") await checkSamples(trace as Trace<"samples">, file);
    });
  }
  // A listing is refused by its own reader, everything else by the importer.
  const listing = /^(lspci|nvidia-smi-topo)\//.test(file);
  const attempt = async () =>
    listing ? readTopology(readFileSync(path, "utf8"), file) : await importTrace(path, FORMATS);
  return assert.rejects(async () => await attempt(), (error: unknown) => {
    assert.ok(error instanceof SpillwayError, `${file}: ${error}`);
    assert.equal(error.kind, "data", file);
    assert.match(error.message, outcome.refused, file);
    assert.doesNotMatch(error.message, /\n/, `${file}: more than one sentence`);
    return true;
  });
}

for (const kind of KINDS) {
  test(`every recording of ${kind} is read fully or refused with a sentence`, {
    skip: needsShared(`fixtures/${kind}`),
  }, async () => {
    const files = readdirSync(sharedPath(`fixtures/${kind}`)).map((name) => `${kind}/${name}`);
    assert.ok(files.length > 0);
    for (const file of files) {
      const row = TABLE.find(([path]) => path.test(file));
      assert.ok(row !== undefined, `${file} stands in no row of the table`);
      await check(file, row[1]);
    }
  });
}

test("a recording is read the same whatever its name, and a damaged one never half", {
  skip: needsShared("fixtures/nvidia-smi-xml"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-recordings-"));
  try {
    for (
      const [file, name] of [
        ["nvidia-smi-xml/telegraf-rtx-3080-v13.xml", "nvidia-smi-xml"],
        ["iostat/local-sigint.json", "iostat-json"],
        ["nvme-cli/netdata-v2.11-nvme-smart-log.json", "nvme-smart-log"],
        ["superbench-monitor/monitor.jsonl", "superbench-monitor"],
      ] as const
    ) {
      const bytes = readFileSync(sharedPath(`fixtures/${file}`));
      const hidden = join(folder, "data");
      writeFileSync(hidden, bytes);
      assert.equal((await importTrace(hidden, FORMATS)).format, name);
      // Cut in the middle: JSON and XML are refused with the place, never read in part.
      writeFileSync(hidden, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      await assert.rejects(importTrace(hidden, FORMATS), { kind: "data" }, file);
      // Bytes that are no UTF-8.
      writeFileSync(
        hidden,
        Buffer.concat([bytes.subarray(0, 200), Buffer.from([0xff, 0xfe]), bytes]),
      );
      await assert.rejects(importTrace(hidden, FORMATS), { kind: "data" }, file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
