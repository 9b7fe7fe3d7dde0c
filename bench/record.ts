/**
 * What recording costs: processor time of the recorder beyond the child, as a share of one core, against an
 * empty loop of the same cadence in the same runtime.
 *
 * The start (loading the runtime, opening the store at the end) is taken out by recording two lengths and
 * dividing the difference: `deno task bench:record [SECONDS]`. Then the same for a machine of 8 GPUs and 8
 * drives (`record_machine.ts`), and its memory over a simulated day.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { selfCommand } from "../src/runtime/self.ts";

const SHORT = 4;
const LONG = SHORT + Number(process.argv[2] ?? 16);

interface Recorded {
  readonly cpuSeconds: number;
  readonly missedTicks: number;
  readonly ticks: number;
  readonly latenessP99Ns: number;
  readonly peakRssBytes: number;
}

/** Records a sleeping child and returns what the recorder says of itself. */
function record(folder: string, interval: string, seconds: number, sources?: string): Recorded {
  const [program, ...args] = selfCommand();
  const summary = join(folder, "summary.json");
  const done = spawnSync(program, [
    ...args,
    "record",
    "--store",
    join(folder, "bench.duckdb"),
    "--interval",
    interval,
    ...(sources === undefined ? [] : ["--sources", sources]),
    "--json",
    "--summary",
    summary,
    "--",
    "sleep",
    String(seconds),
  ], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`record ended with ${done.status}: ${done.stderr}`);
  return JSON.parse(readFileSync(summary, "utf8")).recorder;
}

/** Processor seconds a second of a timer that wakes at the same cadence and does nothing. */
async function emptyLoop(intervalMs: number, seconds: number): Promise<number> {
  const before = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  for (let next = performance.now(); next < end; next += intervalMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6 / seconds;
}

/** What a machine of 8 GPUs and 8 drives costs; null where the stub of NVML cannot be built. */
function machine(folder: string, args: readonly string[]): Record<string, unknown> | null {
  const library = join(folder, "libnvidia-ml.so.1");
  const stub = new URL("../test/collect_sources/nvml_stub/stub.c", import.meta.url).pathname;
  const built = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, stub]);
  if (built.status !== 0) return null;
  const tree = mkdtempSync(join(folder, "machine-"));
  const script = new URL("./record_machine.ts", import.meta.url).pathname;
  const [mode, ...rest] = args;
  const done = spawnSync(process.execPath, ["run", "-A", script, mode, tree, ...rest], {
    encoding: "utf8",
    env: {
      ...process.env,
      SPILLWAY_NVML_LIBRARY: library,
      NVML_STUB_GPUS: "8",
      NVML_STUB_FAST: "1",
    },
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout);
}

const folder = mkdtempSync(join(tmpdir(), "spillway-bench-record-"));
try {
  for (
    const [hertz, interval, sources] of [
      [1, "1s", undefined],
      [10, "100ms", undefined],
      [100, "10ms", "block"],
    ] as const
  ) {
    const short = record(folder, interval, SHORT, sources);
    const long = record(folder, interval, LONG, sources);
    const share = (long.cpuSeconds - short.cpuSeconds) / (LONG - SHORT);
    const empty = await emptyLoop(1000 / hertz, 3);
    const percent = (x: number) => `${(x * 100).toFixed(2)} %`;
    console.log(
      `${String(hertz).padStart(3)} Hz, ${sources ?? "all host sources"}: ${
        percent(share)
      } of one core ` +
        `(empty loop ${percent(empty)}, ratio ${(share / Math.max(empty, 1e-6)).toFixed(1)}); ` +
        `${long.missedTicks} of ${long.ticks} ticks missed, 99 % at most ` +
        `${(long.latenessP99Ns / 1e6).toFixed(2)} ms late; ${
          (long.peakRssBytes / 2 ** 20).toFixed(0)
        } MiB`,
    );
  }
  const seconds = String(LONG - SHORT);
  for (const args of [["1"], ["10"], ["100", "block,nvml"]]) {
    const [hertz, sources] = args;
    const found = machine(folder, ["rate", hertz, seconds, ...(sources ? [sources] : [])]);
    if (found === null) {
      console.log("8 GPUs and 8 drives: gcc is not here, the stub of NVML cannot be built");
      break;
    }
    console.log(`8 GPUs and 8 drives: ${JSON.stringify(found)}`);
  }
  console.log(`24 h at 1 Hz, MiB resident by hour: ${JSON.stringify(machine(folder, ["day"]))}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
