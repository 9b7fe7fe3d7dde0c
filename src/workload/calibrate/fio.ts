import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentError } from "../../model/errors.ts";
import { type FioJob, parseFioJson } from "../../parse/fio_json.ts";
import { type Measurement, summarise } from "./measurement.ts";

/** One storage measurement: fio's settings, and the number that is read from its result. */
interface FioPlan {
  readonly id: string;
  readonly unit: Measurement["unit"];
  readonly what: string;
  readonly settings: readonly string[];
  readonly read: (job: FioJob) => number | null;
}

const DIRECT = "--direct=1";

/** What is measured, in the order of the profile. */
export const FIO_PLANS: readonly FioPlan[] = [
  {
    id: "sequential_read_bytes_per_second",
    unit: "bytesPerSecond",
    what: "sequential read, 1 MiB, queue depth 8, O_DIRECT",
    settings: ["--rw=read", "--bs=1M", "--iodepth=8", DIRECT],
    read: (job) => job.read.bytesPerSecond,
  },
  {
    id: "sequential_write_bytes_per_second",
    unit: "bytesPerSecond",
    what: "sequential write, 1 MiB, queue depth 8, O_DIRECT",
    settings: ["--rw=write", "--bs=1M", "--iodepth=8", DIRECT],
    read: (job) => job.write.bytesPerSecond,
  },
  {
    id: "random_read_iops",
    unit: "perSecond",
    what: "random read, 4 KiB, queue depth 32, O_DIRECT",
    settings: ["--rw=randread", "--bs=4k", "--iodepth=32", DIRECT],
    read: (job) => job.read.iops,
  },
  {
    id: "random_write_iops",
    unit: "perSecond",
    what: "random write, 4 KiB, queue depth 32, O_DIRECT",
    settings: ["--rw=randwrite", "--bs=4k", "--iodepth=32", DIRECT],
    read: (job) => job.write.iops,
  },
  {
    id: "read_latency_seconds",
    unit: "seconds",
    what: "random read, 4 KiB, queue depth 1, O_DIRECT, median latency",
    settings: ["--rw=randread", "--bs=4k", "--iodepth=1", DIRECT],
    read: (job) => job.read.latencyP50Seconds,
  },
  {
    id: "write_latency_seconds",
    unit: "seconds",
    what: "random write, 4 KiB, queue depth 1, O_DIRECT, median latency",
    settings: ["--rw=randwrite", "--bs=4k", "--iodepth=1", DIRECT],
    read: (job) => job.write.latencyP50Seconds,
  },
  {
    id: "fsync_seconds",
    unit: "seconds",
    what: "fsync after each 4 KiB write, median latency",
    settings: ["--rw=write", "--bs=4k", "--iodepth=1", "--fsync=1"],
    read: (job) => job.syncP50Seconds,
  },
  {
    id: "cached_read_bytes_per_second",
    unit: "bytesPerSecond",
    what: "sequential read, 1 MiB, through a warm page cache",
    settings: ["--rw=read", "--bs=1M", "--iodepth=1", "--pre_read=1"],
    read: (job) => job.read.bytesPerSecond,
  },
];

/** fio's version line, or null when it is not installed. */
export function fioVersion(): string | null {
  const done = spawnSync("fio", ["--version"], { encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim() : null;
}

/** Runs one measurement `repeats` times on a file of its own in the folder. */
export async function measureWithFio(
  plan: FioPlan,
  options: {
    readonly directory: string;
    readonly fileBytes: number;
    readonly seconds: number;
    readonly repeats: number;
    readonly version: string;
    readonly signal: AbortSignal;
  },
): Promise<Measurement> {
  const values: number[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    const job = await runFio(plan, options);
    const value = plan.read(job);
    if (value === null || value <= 0) {
      throw environmentError(`fio measured nothing for "${plan.what}"`, "look at fio's own output");
    }
    values.push(value);
  }
  const method = `${options.version}: ${plan.what}, ${options.seconds} s`;
  return summarise(plan.id, plan.unit, values, method);
}

async function runFio(
  plan: FioPlan,
  options: { directory: string; fileBytes: number; seconds: number; signal: AbortSignal },
): Promise<FioJob> {
  // Always a file: with psync engines fio prints notes to stdout before its JSON.
  const output = join(options.directory, "fio.json");
  const engine = plan.settings.includes(DIRECT) ? "libaio" : "psync";
  const args = [
    `--name=${plan.id}`,
    `--filename=${join(options.directory, "data")}`,
    `--size=${options.fileBytes}`,
    `--ioengine=${engine}`,
    `--runtime=${options.seconds}`,
    "--time_based",
    "--randseed=1",
    "--output-format=json",
    `--output=${output}`,
    ...plan.settings,
  ];
  const child = spawn("fio", args, {
    stdio: ["ignore", "ignore", "pipe"],
    signal: options.signal,
    killSignal: "SIGTERM",
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaint += text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const job = code === 0 ? parseFioJson(readFileSync(output, "utf8"), "fio").jobs[0] : undefined;
  if (job === undefined || job.error !== 0) {
    throw environmentError(
      `fio failed on "${plan.what}": ${complaint.trim().split("\n")[0] || `exit code ${code}`}`,
      "try another --directory (some file systems refuse O_DIRECT)",
    );
  }
  return job;
}
