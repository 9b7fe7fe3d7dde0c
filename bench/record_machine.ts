/**
 * A machine of 8 GPUs and 8 drives for `bench/record.ts`: a tree of files that stands for /proc and /sys, the
 * C stub of NVML, and a program called nvme that prints a health log (the dearest way to read SMART: a child a
 * drive; the ioctl of a real drive needs none). `rate HERTZ SECONDS` records it on its schedule beside an empty loop of the same length;
 * `day` reads it 86,400 times, as 24 h at 1 Hz do, and prints the resident memory after each simulated hour.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { createRecorder } from "../src/collect/recorder.ts";
import type { SampleSink, Source } from "../src/collect/source.ts";
import { createSpool } from "../src/collect/spool/writer.ts";
import { SOURCES } from "../src/registry/sources.ts";
import { ownIdentity } from "../src/runtime/host.ts";

const NAMES = ["block", "cpu", "memory", "pressure", "pcie", "nvml", "nvme"];
/** Ticks between reads of SMART in the simulated day: with real children it would take hours. */
const DAY_SMART_TICKS = 3600;
const DRIVES = 8;

/** As nvme-cli prints it: temperature in kelvin, data units of 512,000 bytes. */
const SMART_LOG = {
  critical_warning: 0,
  temperature: 311,
  avail_spare: 100,
  spare_thresh: 10,
  percent_used: 3,
  data_units_read: 1_000_000,
  data_units_written: 2_000_000,
  host_read_commands: 50_000_000,
  host_write_commands: 60_000_000,
  controller_busy_time: 1000,
  power_cycles: 12,
  power_on_hours: 9000,
  unsafe_shutdowns: 3,
  media_errors: 0,
  num_err_log_entries: 0,
};

/** Writes the tree; `tick` moves the drives' counters on. */
function machine(root: string): { tick(k: number): void } {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (
    const name of ["stat", "meminfo", "vmstat", "pressure/io", "pressure/cpu", "pressure/memory"]
  ) {
    if (existsSync(`/proc/${name}`)) write(`proc/${name}`, readFileSync(`/proc/${name}`, "utf8"));
  }
  write(
    "bin/nvme",
    `#!/bin/sh\n[ "$1" = smart-log ] || exit 1\necho '${JSON.stringify(SMART_LOG)}'\n`,
  );
  chmodSync(join(root, "bin/nvme"), 0o755);
  process.env.PATH = `${join(root, "bin")}:${process.env.PATH}`;
  for (let d = 0; d < DRIVES; d++) {
    write(`sys/class/nvme/nvme${d}/model`, "Bench 3.84TB\n");
    write(`sys/class/block/nvme${d}n1/size`, "3750748848\n");
    write(`sys/class/block/nvme${d}n1/queue/rotational`, "0\n");
    write(`sys/block/nvme${d}n1/size`, "3750748848\n");
    write(`sys/block/nvme${d}n1/queue/rotational`, "0\n");
    for (
      const [file, text] of [
        ["class", "0x010802"],
        ["current_link_speed", "16.0 GT/s PCIe"],
        ["max_link_speed", "16.0 GT/s PCIe"],
        ["current_link_width", "4"],
        ["max_link_width", "4"],
      ]
    ) {
      write(`sys/bus/pci/devices/0000:0${d}:00.0/${file}`, `${text}\n`);
    }
  }
  const tick = (k: number) => {
    const lines = Array.from(
      { length: DRIVES },
      (_, d) =>
        ` 259 ${d} nvme${d}n1 ${100 * k} 0 ${8000 * k} ${40 * k} ${50 * k} 0 ${4000 * k} ${
          20 * k
        } 3 ` +
        `${30 * k} ${60 * k} 0 0 0 0 0 0`,
    );
    writeFileSync(join(root, "proc/diskstats"), lines.join("\n") + "\n");
  };
  tick(1);
  return { tick };
}

const sources = (): Promise<Source[]> =>
  Promise.all(SOURCES.filter((s) => NAMES.includes(s.name)).map((s) => s.load()));

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Processor seconds of a timer that wakes as often and does nothing. */
async function emptyLoop(intervalMs: number, seconds: number): Promise<number> {
  const before = cpuSeconds();
  const start = performance.now();
  for (let k = 1; k * intervalMs < seconds * 1000; k++) {
    const wait = start + k * intervalMs - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
  }
  return cpuSeconds() - before;
}

async function rate(folder: string, hertz: number, seconds: number, names: readonly string[]) {
  machine(folder);
  const recorder = await createRecorder({
    spoolPath: join(folder, `bench-${hertz}.spool`),
    toolVersion: "bench",
    name: "bench",
    command: [],
    intervalNs: 1e9 / hertz,
    fingerprint: {},
    sources: (await sources()).filter((s) => names.includes(s.name)),
    root: folder,
  });
  await recorder.start();
  const usedIn = async (length: number): Promise<number> => {
    const before = cpuSeconds();
    await new Promise((resolve) => setTimeout(resolve, length * 1000));
    return cpuSeconds() - before;
  };
  // What a tick runs is interpreted until it has run some hundred times, and the heap of the start is
  // collected meanwhile; what runs for hours is what counts.
  const warm = hertz < 10 ? 90 : 30;
  const first = await usedIn(warm);
  const used = await usedIn(seconds);
  const { missedTicks, ticks, peakRssBytes, latenessP99Ns } = recorder.state();
  const statuses = recorder.statuses().filter((s) => s.samples > 0).map((s) => s.name);
  await recorder.finish({ code: 0, signal: null }, null);
  const idle = await emptyLoop(1000 / hertz, seconds);
  return {
    hertz,
    seconds,
    sources: statuses,
    firstSeconds: warm,
    firstCpuRatio: first / warm,
    recorderCpuRatio: used / seconds,
    emptyLoopCpuRatio: idle / seconds,
    aboveEmptyRatio: (used - idle) / seconds,
    ticks,
    missedTicks,
    latenessP99Ms: latenessP99Ns / 1e6,
    peakRssMiB: peakRssBytes / 2 ** 20,
  };
}

async function day(folder: string) {
  const tree = machine(folder);
  let timeNs = 0;
  const context = {
    root: folder,
    intervalNs: 1e9,
    follows: false,
    pid: () => null,
    nowNs: () => timeNs,
  };
  const path = join(folder, "day.spool");
  const header = {
    format: "spillway-spool/1" as const,
    toolVersion: "bench",
    recorder: ownIdentity(),
    name: "day",
    command: [],
    workingDirectory: "/",
    startedUnixNs: "0",
    intervalNs: 1e9,
    fingerprint: {},
  };
  const spool = createSpool(path, header);
  const opened = [];
  for (const source of await sources()) {
    const probe = await source.probe(context);
    if (probe.status === "ok" || probe.status === "partial") {
      opened.push({
        source: await source.open(context),
        everyTicks: source.name === "nvme" ? DAY_SMART_TICKS : 1,
      });
    }
  }
  const ids: number[] = [];
  const values: number[] = [];
  const reasons: number[] = [];
  let count = 0;
  let at = 0;
  const commit = () => {
    if (count > 0) spool.frame(at, ids, values, reasons, count);
    count = 0;
  };
  const sink: SampleSink = {
    series: (definition) => spool.series(definition),
    push: (id, value, reason) => {
      ids[count] = id;
      values[count] = value ?? NaN;
      reasons[count++] = value === null ? spool.reason(reason ?? "not reported") : -1;
    },
    at: (time) => {
      commit();
      at = time;
    },
  };
  const hours: number[] = [];
  for (let tick = 1; tick <= 86_400; tick++) {
    timeNs = tick * 1e9;
    if (tick % 60 === 0) tree.tick(tick);
    for (const { source, everyTicks } of opened) {
      if (tick % everyTicks !== 0) continue;
      at = timeNs;
      const pending = source.sample(sink);
      if (pending !== undefined) await pending;
      commit();
    }
    if (tick % 4 === 0) {
      spool.flush();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (tick % 3600 === 0) hours.push(Math.round(process.memoryUsage().rss / 2 ** 20));
  }
  for (const { source } of opened) await source.close();
  const spoolMiB = statSync(path).size / 2 ** 20;
  return { hours, spoolMiB: Math.round(spoolMiB), sources: opened.length };
}

const [mode, folder, ...rest] = process.argv.slice(2);
const result = mode === "day"
  ? await day(folder)
  : await rate(folder, Number(rest[0]), Number(rest[1]), rest[2]?.split(",") ?? NAMES);
console.log(JSON.stringify(result));
