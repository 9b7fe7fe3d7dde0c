import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classifySeconds, RULES } from "../../src/analyze/stall/classify.ts";
import { createSecondsBuilder } from "../../src/analyze/stall/seconds.ts";
import { summarizeStalls } from "../../src/analyze/stall/summary.ts";
import { STALL_CLASS_IDS, STALL_CLASSES, type StallCeilings } from "../../src/model/stalls.ts";
import type { SampleSeries } from "../../src/model/trace/samples.ts";

interface Line {
  readonly key: string;
  /** Value of each second; a counter's growth in it, a gauge's value. */
  readonly perSecond: readonly (number | null)[];
}

/** Samples at whole seconds: gauges hold until the next, counters grow within the second. */
function run(lines: readonly Line[], seconds: number, from = 0, to = seconds) {
  const series: SampleSeries[] = lines.map(({ key }) => {
    const [source, device, field, type] = key.split(" ").map((part) => part === "-" ? "" : part);
    return { source, device, field, unit: "x", type: type as "counter" | "gauge" };
  });
  const rows: { time: number; series: number; value: number }[] = [];
  lines.forEach(({ perSecond }, s) => {
    let total = 1000;
    for (let t = 0; t <= seconds; t++) {
      const own = perSecond[Math.min(t, perSecond.length - 1)];
      const value = series[s].type === "counter" ? total : own ?? NaN;
      rows.push({ time: t, series: s, value });
      if (series[s].type === "counter") total += perSecond[t] ?? 0;
    }
  });
  rows.sort((a, b) => a.time - b.time);
  const builder = createSecondsBuilder(series, from * 1e9, to * 1e9, 5e9);
  builder.add({
    kind: "samples",
    count: rows.length,
    timeNs: Float64Array.from(rows, (r) => r.time * 1e9),
    series: Uint32Array.from(rows, (r) => r.series),
    value: Float64Array.from(rows, (r) => r.value),
    reason: new Int32Array(rows.length),
  });
  return builder.table();
}

const NONE: StallCeilings = {
  pcieBytesPerSecond: null,
  readBytesPerSecond: null,
  writeBytesPerSecond: null,
};
const classesOf = (table: ReturnType<typeof run>, ceilings = NONE) =>
  [...classifySeconds(table, ceilings).classes].map((c) => STALL_CLASS_IDS[c]);

const SM = "nvml GPU-0 sm_active_ratio gauge";
const UTIL = "nvml GPU-0 utilization_ratio gauge";
const READ = "block nvme0n1 read_bytes counter";
const WRITE = "block nvme0n1 write_bytes counter";
const BUSY = "block nvme0n1 busy_seconds counter";
const FULL = "pressure io full_stall_seconds counter";
const IDLE = "cpu - idle_seconds counter";
const USER = "cpu - user_seconds counter";

test("a counter of time fills a second at most; one that sums over processors may count more", () => {
  const table = run([
    { key: BUSY, perSecond: [1.21, 0.4, 0] },
    { key: "block nvme1n1 busy_seconds counter", perSecond: [0.5, 0.6, 0] },
    { key: FULL, perSecond: [1.1, 0.2, 0] },
    { key: "pressure cpu some_stall_seconds counter", perSecond: [1.37, 0.3, 0] },
    { key: USER, perSecond: [6, 2, 0] },
    { key: IDLE, perSecond: [2, 6, 8] },
  ], 3);
  const round = (column: Float64Array) => [...column].map((v) => Number(v.toFixed(9)));
  assert.deepEqual(round(table.diskBusy), [1, 0.6, 0]);
  assert.deepEqual(round(table.ioFull), [1, 0.2, 0]);
  assert.deepEqual(round(table.cpuSome), [1, 0.3, 0]);
  assert.deepEqual(round(table.cpuBusy), [0.75, 0.25, 0]);
  assert.ok(table.memorySome.every(Number.isNaN), "what was not read stays unknown");
});

test("each class is found by its rule, in the order of the rule", () => {
  const table = run([
    { key: SM, perSecond: [0.9, 0.05, 0.05, 0.05, 0.05, 0.05, 0.3] },
    { key: "nvml GPU-0 pcie_rx_bytes_per_second gauge", perSecond: [20e9, 20e9, 0, 0, 0, 0, 0] },
    { key: READ, perSecond: [9e9, 9e9, 5e9, 1e6, 0, 0, 0] },
    { key: WRITE, perSecond: [0, 0, 0, 4e9, 0, 0, 0] },
    { key: FULL, perSecond: [0.5, 0.5, 0.4, 0.2, 0, 0, 0] },
    { key: USER, perSecond: [8, 8, 0, 0, 7.8, 0.1, 0.1] },
    { key: IDLE, perSecond: [0, 0, 8, 8, 0.2, 7.9, 7.9] },
  ], 7);
  assert.deepEqual(classesOf(table, { ...NONE, pcieBytesPerSecond: 25e9 }), [
    "gpu_bound",
    "pcie_bound",
    "storage_read_bound",
    "storage_write_bound",
    "host_bound",
    "idle",
    "gpu_bound",
  ]);
});

test("a GPU that runs kernels without SM activity is unknown; one that runs none may wait on storage", () => {
  const table = run([
    { key: UTIL, perSecond: [1, 0, 0] },
    { key: READ, perSecond: [5e9, 5e9, 0] },
    { key: FULL, perSecond: [0.9, 0.9, 0] },
    { key: IDLE, perSecond: [8, 8, 8] },
    { key: USER, perSecond: [0, 0, 0.1] },
  ], 3);
  const classified = classifySeconds(table, NONE);
  assert.deepEqual(classesOf(table), ["unknown", "storage_read_bound", "idle"]);
  const summary = summarizeStalls(table, classified, NONE, 3);
  assert.equal(summary.storageSeconds, 1);
  assert.match(
    summary.sentence,
    /^the GPU waited 1 s \(33\.33 %\) on storage: every task waited for I\/O/,
  );
  assert.match(summary.sentence, /1 s cannot be told, since SM activity is not known/);
  assert.equal(summary.evidence, "modelled");
  assert.deepEqual(summary.timeline.map((t) => [t.class, t.start, t.seconds]), [
    ["unknown", 0, 1],
    ["storage_read_bound", 1, 1],
    ["idle", 2, 1],
  ]);
});

test("without a GPU nothing is said of one, and the disk's own busy time decides", () => {
  const table = run([
    { key: WRITE, perSecond: [3e8, 3e8, 0] },
    { key: BUSY, perSecond: [0.95, 0.5, 0] },
    { key: "block dm-0 busy_seconds counter", perSecond: [1, 1, 1] },
  ], 3);
  assert.deepEqual(
    classesOf(table),
    ["storage_write_bound", "idle", "idle"],
    "layers do not count",
  );
  const summary = summarizeStalls(table, classifySeconds(table, NONE), NONE, 2.5);
  assert.match(summary.sentence, /no GPU was recorded/);
  assert.equal(summary.seconds.idle, 1.5, "the last second is half");
});

test("a measured ceiling decides where it is known", () => {
  const table = run([{ key: READ, perSecond: [900e6, 100e6] }], 2);
  const ceilings = { ...NONE, readBytesPerSecond: 1e9 };
  assert.deepEqual(classesOf(table, ceilings), ["storage_read_bound", "unknown"]);
  assert.equal(RULES[classifySeconds(table, ceilings).rules[0]], RULES[2]);
});

test("unknown readings are not carried over, and resets never count negative", () => {
  const gap = run([{ key: SM, perSecond: [0.9, null, null, 0.9] }, {
    key: UTIL,
    perSecond: [1, 1, 1, 1],
  }], 4);
  assert.deepEqual(classesOf(gap), ["gpu_bound", "unknown", "unknown", "gpu_bound"]);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 2, maxLength: 40 }),
      (values) => {
        const series = [{
          source: "block",
          device: "a",
          field: "read_bytes",
          unit: "bytes",
          type: "counter" as const,
        }];
        const builder = createSecondsBuilder(series, 0, values.length * 1e9, 5e9);
        builder.add({
          kind: "samples",
          count: values.length,
          timeNs: Float64Array.from(values, (_, i) => i * 0.7e9),
          series: new Uint32Array(values.length),
          value: Float64Array.from(values),
          reason: new Int32Array(values.length),
        });
        const known = builder.table().readBytes.filter((v) => !Number.isNaN(v));
        assert.ok(known.every((v) => v >= 0));
        // What the seconds hold together is what the counter counted, resets from zero.
        const grown = values.slice(1).reduce(
          (sum, v, i) => sum + (v < values[i] ? v : v - values[i]),
          0,
        );
        assert.ok(
          Math.abs(known.reduce((a, b) => a + b, 0) - grown) <= 1e-6 * Math.max(1, grown),
        );
      },
    ),
  );
});

test("a window takes only its part, and seconds of all classes add up", () => {
  const lines = [
    { key: SM, perSecond: [0.9, 0.9, 0.01, 0.01] },
    { key: READ, perSecond: [0, 0, 5e9, 5e9] },
    { key: FULL, perSecond: [0, 0, 0.9, 0.9] },
  ];
  assert.deepEqual(classesOf(run(lines, 4, 1, 3)), ["gpu_bound", "storage_read_bound"]);
  const table = run(lines, 4);
  const { seconds } = summarizeStalls(table, classifySeconds(table, NONE), NONE, 4);
  assert.equal(Object.values(seconds).reduce((a, b) => a + b, 0), 4);
});

test("every class of the rule is explained", () => {
  assert.deepEqual(STALL_CLASSES.map((c) => c.id), [...STALL_CLASS_IDS]);
});

test("a multipath namespace and its path are one drive, and layers of other hosts stay layers", () => {
  const bytes = (device: string, amount: number) => ({
    key: `block ${device} read_bytes counter`,
    perSecond: [amount, amount],
  });
  const table = run([
    bytes("nvme0n1", 100),
    bytes("nvme0c0n1", 100),
    bytes("nvme1n1", 10),
    bytes("a:dm-0", 5),
    bytes("a:sda", 1),
  ], 2);
  assert.deepEqual([...table.readBytes], [111, 111]);
});
