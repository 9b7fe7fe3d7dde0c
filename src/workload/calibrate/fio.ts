import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentError } from "../../model/errors.ts";
import { type FioJob, parseFioJson } from "../../parse/fio_json.ts";
import { describePoint, type StorageAccess } from "./storage_plan.ts";

/** fio as it is installed: its version line, and the asynchronous engine that it has. */
export interface Fio {
  readonly version: string;
  readonly engine: string;
}

/** One repeat of one point. Null where fio counted nothing. */
export interface FioSample {
  readonly bytesPerSecond: number;
  readonly operationsPerSecond: number;
  readonly latencyP50Seconds: number | null;
  readonly latencyP99Seconds: number | null;
}

export interface FioOptions {
  readonly directory: string;
  readonly fileBytes: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Engines that keep a queue, best known first. */
const ENGINES = ["libaio", "io_uring", "posixaio"];

/** The installed fio, or null. */
export function findFio(): Fio | null {
  const done = spawnSync("fio", ["--version"], { encoding: "utf8" });
  if (done.status !== 0) return null;
  const help = spawnSync("fio", ["--enghelp"], { encoding: "utf8" });
  const known = new Set((help.stdout ?? "").split("\n").map((line) => line.trim()));
  const engine = ENGINES.find((name) => known.has(name));
  return engine === undefined ? null : { version: done.stdout.trim(), engine };
}

const MODES = {
  "sequential-read": "read",
  "sequential-write": "write",
  "random-read": "randread",
  "random-write": "randwrite",
} as const;

/** Measures one point once, on a file of its own in the folder. */
export async function sampleWithFio(
  fio: Fio,
  point: StorageAccess,
  options: FioOptions,
): Promise<FioSample> {
  const isRead = point.access.endsWith("read");
  const direct = point.cache === "direct";
  const job = await runFio(describePoint(point), options, [
    `--rw=${MODES[point.access]}`,
    `--bs=${point.blockBytes}`,
    `--iodepth=${point.queueDepth}`,
    `--ioengine=${direct ? fio.engine : "psync"}`,
    ...(direct ? ["--direct=1"] : isRead ? ["--pre_read=1"] : []),
  ]);
  const side = isRead ? job.read : job.write;
  if (side.bytesPerSecond <= 0) {
    throw environmentError(`fio measured nothing for "${describePoint(point)}"`, "run it by hand");
  }
  return {
    bytesPerSecond: side.bytesPerSecond,
    operationsPerSecond: side.iops,
    latencyP50Seconds: side.latencyP50Seconds,
    latencyP99Seconds: side.latencyP99Seconds,
  };
}

/** Median seconds of an fsync after each 4 KiB write. */
export async function sampleFsync(options: FioOptions): Promise<number> {
  const job = await runFio("fsync after 4 KiB", options, [
    "--rw=write",
    "--bs=4k",
    "--iodepth=1",
    "--ioengine=psync",
    "--fsync=1",
  ]);
  if (job.syncP50Seconds === null) throw environmentError("fio timed no fsync", "run it by hand");
  return job.syncP50Seconds;
}

async function runFio(
  what: string,
  options: FioOptions,
  settings: readonly string[],
): Promise<FioJob> {
  // Always a file: with psync engines fio prints notes to stdout before its JSON. The data file lies in a
  // folder that was just made: given a device that is missing, fio would silently make a file under /dev.
  const output = join(options.directory, "fio.json");
  const child = spawn("fio", [
    "--name=spillway",
    `--filename=${join(options.directory, "data")}`,
    `--size=${options.fileBytes}`,
    `--runtime=${options.seconds}`,
    "--time_based",
    "--randseed=1",
    "--output-format=json",
    `--output=${output}`,
    ...settings,
  ], {
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
      `fio failed on "${what}": ${complaint.trim().split("\n")[0] || `exit code ${code}`}`,
      /No space left/.test(complaint)
        ? "the disk is full: free some space, or give a smaller --size"
        : "try another --directory (some file systems refuse O_DIRECT)",
    );
  }
  return job;
}
