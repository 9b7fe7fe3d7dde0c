import { Command } from "@cliffy/command";
import { writeFileSync } from "node:fs";
import type { RunRecord } from "../../model/results.ts";
import { environmentError, messageOf, SpillwayError, usageError } from "../../model/errors.ts";
import { stableStringify } from "../../model/json.ts";
import { formatSeconds, parseNanoseconds } from "../../model/units.ts";
import { setExitCode, writeText } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";

interface Options extends GlobalOptions {
  readonly interval?: string;
  readonly sources?: string;
  readonly duration?: string;
  readonly name?: string;
  readonly summary?: string;
  readonly dryRun?: boolean;
  readonly pid?: number;
}

const MIN_INTERVAL_NS = 10e6;

function intervalOf(text: string): number {
  const ns = parseNanoseconds(text, "--interval");
  if (ns < MIN_INTERVAL_NS || ns > 3600e9) {
    throw usageError(
      `--interval: ${formatSeconds(ns / 1e9)} is not between 10 ms and 1 h`,
      "10ms is the shortest interval that ticks hold reliably",
    );
  }
  return ns;
}

async function dryRun(out: Output, options: Options, argv: readonly string[]): Promise<void> {
  const { chooseSources } = await import("../record/choose_sources.ts");
  const { probeSources, renderProbes } = await import("../record/probe.ts");
  const intervalNs = intervalOf(out.setting("interval", options.interval).value!);
  const sources = await chooseSources(out.setting("sources", options.sources).value);
  const probes = await probeSources(sources, intervalNs);
  const document = { schema: "spillway/record-plan/1", intervalNs, command: argv, sources: probes };
  await out.emit(document, () =>
    (argv.length === 0 ? "" : `would run: ${argv.join(" ")}\n`) +
    `would sample every ${formatSeconds(intervalNs / 1e9)}:\n` + renderProbes(probes, out));
}

/** Loads the spool into the store; a store that cannot take it keeps the spool for `recover`. */
async function load(spoolPath: string, storePath: string, out: Output): Promise<
  { id: string | null; run: RunRecord } | null
> {
  const { readSpool } = await import("../../collect/spool/reader.ts");
  const { runOfSpool } = await import("../record/run_of_spool.ts");
  const { saveSpool } = await import("../record/save_spool.ts");
  let run: RunRecord;
  try {
    run = await runOfSpool(readSpool(spoolPath));
  } catch (error) {
    await out.warn(`the recording cannot be read back: ${messageOf(error)}`);
    return null;
  }
  try {
    return { id: await saveSpool(spoolPath, run, storePath), run };
  } catch (error) {
    await out.warn(
      `the run is not in the store yet: ${messageOf(error)}\n  its samples are in ${spoolPath}; ` +
        '"spillway recover" loads them',
    );
    return { id: null, run };
  }
}

async function report(
  out: Output,
  options: Options,
  done: { id: string | null; run: RunRecord },
  ownStdout: boolean,
): Promise<void> {
  const { renderRunSummary } = await import("../record/summary.ts");
  const document = { id: done.id, ...done.run };
  const text = out.json
    ? stableStringify(document) + "\n"
    : renderRunSummary(done.run, done.id, options.summary === undefined ? out.width : 80);
  if (options.summary !== undefined) {
    try {
      writeFileSync(options.summary, text);
    } catch (error) {
      await out.warn(`--summary: ${options.summary} cannot be written: ${messageOf(error)}`);
    }
  } else if (out.json || !out.quiet) {
    // Beside a command stdout is the command's: what we say goes to stderr.
    await writeText(ownStdout && out.json ? "stdout" : "stderr", text);
  }
}

async function run(options: Options, argv: readonly string[]): Promise<void> {
  const out = openOutput(options);
  if (options.dryRun) return await dryRun(out, options, argv);
  const plan = await planOf(out, options, argv);
  const { recordRun } = await import("../record/record_run.ts");
  let recorded;
  try {
    if (argv.length === 0) {
      const until = plan.durationNs === null
        ? "until Ctrl-C"
        : `for ${formatSeconds(plan.durationNs / 1e9)}`;
      await out.note(`recording ${until}`);
    }
    recorded = await recordRun(plan);
  } catch (error) {
    if (argv.length === 0) throw error;
    // The command never started because of us.
    await writeText("stderr", `spillway: ${messageOf(error)}\n`);
    if (error instanceof SpillwayError && error.hint !== undefined) {
      await writeText("stderr", `  ${error.hint}\n`);
    }
    return setExitCode(125);
  }
  if (recorded.startFailure !== null) {
    await writeText("stderr", `spillway: ${recorded.startFailure}\n`);
    return setExitCode(recorded.exitCode);
  }
  setExitCode(recorded.exitCode);
  const done = await load(recorded.spoolPath!, plan.storePath, out);
  if (done !== null) await report(out, options, done, argv.length === 0);
  // The command's code stands, whatever became of our own work after it.
  if (argv.length === 0 && (done === null || done.id === null)) {
    throw environmentError("the recording was not stored", '"spillway recover" loads it');
  }
}

async function planOf(out: Output, options: Options, argv: readonly string[]) {
  const { chooseSources } = await import("../record/choose_sources.ts");
  if (options.pid !== undefined && argv.length > 0) {
    throw usageError("--pid records a running process: no command can follow it");
  }
  if (options.pid !== undefined) {
    const { startTicksOf } = await import("../../runtime/host.ts");
    if (options.pid < 1 || startTicksOf(options.pid) === null) {
      throw usageError(`--pid: there is no process ${options.pid}`);
    }
  }
  const durationNs = options.duration === undefined
    ? null
    : parseNanoseconds(options.duration, "--duration");
  if (durationNs !== null && durationNs <= 0) throw usageError("--duration: must be above 0");
  return {
    storePath: out.setting("store").value!,
    name: options.name ?? null,
    intervalNs: intervalOf(out.setting("interval", options.interval).value!),
    durationNs,
    sources: await chooseSources(out.setting("sources", options.sources).value),
    command: argv,
    attachPid: options.pid ?? null,
  };
}

export const command: CommandModule = {
  name: "record",
  summary: "run a command untouched and sample this machine's counters meanwhile",
  output: async () => (await import("../schemas/run_schema.ts")).recordOutputSchema,
  build: () =>
    new Command()
      .description(
        "Runs a command with its own stdin, stdout, stderr and signals, samples the counters of disks, " +
          "GPUs, links and the host meanwhile, and stores the run. Ends with the command's own code: " +
          "128+n for a signal, 127 not found, 126 not executable, 125 when it never started because of " +
          "Spillway. The summary goes to stderr. Without a command it records for --duration or until " +
          "Ctrl-C.",
      )
      .usage("[options] [-- <command...>]")
      .option("--interval <time:string>", "Time between samples, 10ms to 1h (100ms).")
      .option("--sources <list:string>", "Sources to sample, e.g. block,cpu; -name leaves one out.")
      .option("--duration <time:string>", "Stop recording after this time.")
      .option("--name <name:string>", "Name of the run.")
      .option("--summary <file:file>", "Write the summary (with --json the JSON) to this file.")
      .option("--pid <pid:integer>", "Record a running process and its children.")
      .option("--dry-run", "Say what would be read, and why the rest cannot, and stop.")
      .example("A training step", "spillway record --name step -- python train.py")
      .example("Ten minutes of the machine", "spillway record --duration 10m")
      .example("What could be read here?", "spillway record --dry-run")
      .action(async function (options: Options) {
        await run(options, this.getLiteralArgs());
      }),
};
