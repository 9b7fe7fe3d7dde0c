/**
 * Time and size of the report of a large recording: many counters, ten million samples in all. Printed as a
 * ratio to reading every sample once in the same run.
 * `deno run -A bench/report.ts [samples]`; default 10 M.
 */
import process from "node:process";
import type { RunRecord } from "../src/model/results.ts";
import type { RecordedLine } from "../src/report/input.ts";
import { buildPage } from "../src/report/page.ts";
import { browserCode } from "../src/runtime/browser_code.ts";
import { CHARTS } from "../src/registry/charts.ts";
import { createRandom } from "../src/stats/random.ts";

const samples = Number(process.argv[2] ?? 10e6);
const FIELDS = [
  ["block", "read_bytes", "counter"],
  ["block", "write_bytes", "counter"],
  ["nvml", "utilization_ratio", "gauge"],
  ["nvml", "power_watts", "gauge"],
  ["cpu", "user_seconds", "counter"],
  ["cpu", "system_seconds", "counter"],
  ["cpu", "iowait_seconds", "counter"],
  ["memory", "page_cache_bytes", "gauge"],
  ["memory", "dirty_bytes", "gauge"],
  ["memory", "writeback_bytes", "gauge"],
] as const;

function makeLines(): RecordedLine[] {
  const random = createRandom(1);
  const length = Math.ceil(samples / FIELDS.length);
  return FIELDS.map(([source, field, type]) => {
    const timeNs = Float64Array.from({ length }, (_, i) => i * 1e7);
    const value = new Float64Array(length);
    let sum = 0;
    for (let i = 0; i < length; i++) {
      value[i] = type === "counter" ? sum += random.float() : random.float();
    }
    return { series: { source, device: "0", field, unit: "unit", type }, timeNs, value };
  });
}

const lines = makeLines();
const durationNs = lines[0].timeNs.at(-1)!;
const record: RunRecord = {
  schema: "spillway/run/1",
  tool: { name: "spillway", version: "bench" },
  name: "ten million samples",
  command: ["bench"],
  workingDirectory: "/",
  startedUnixNs: "0",
  durationNs,
  intervalNs: 1e7,
  status: "complete",
  statusReason: null,
  exit: { code: 0, signal: null },
  sources: [],
  marks: [],
  recorder: {
    ticks: lines[0].timeNs.length,
    missedTicks: 0,
    latenessP50Ns: 0,
    latenessP99Ns: 0,
    cpuSeconds: 0,
    peakRssBytes: 0,
  },
  fingerprint: {},
  ledger: [],
  metrics: {},
  usage: null,
};

const readStart = performance.now();
let total = 0;
for (const line of lines) {
  for (let i = 0; i < line.value.length; i++) total += line.value[i] + line.timeNs[i];
}
const readSeconds = (performance.now() - readStart) / 1000;

const charts = new Map(
  await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
);
const start = performance.now();
const page = await buildPage({
  title: "bench",
  items: [{ kind: "run", id: "r1", record, lines }],
  commands: [],
  version: "bench",
  stamp: null,
  browser: browserCode(),
}, charts);
const seconds = (performance.now() - start) / 1000;
const megabytes = new TextEncoder().encode(page).length / 1e6;
const count = lines.reduce((n, l) => n + l.value.length, 0);
console.log(
  `${count} samples (sum ${total.toExponential(3)}): report of ${megabytes.toFixed(2)} MB in ` +
    `${seconds.toFixed(2)} s, ${
      (seconds / readSeconds).toFixed(0)
    } times one read of every sample ` +
    `(${readSeconds.toFixed(3)} s)`,
);
