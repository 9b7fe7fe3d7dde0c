import { Command } from "@cliffy/command";
import { writeFileSync } from "node:fs";
import type { RunRecord } from "../../model/results.ts";
import { environmentError, messageOf, SpillwayError } from "../../model/errors.ts";
import { stableStringify } from "../../model/json.ts";
import { formatSeconds } from "../../model/units.ts";
import { setExitCode, writeText } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { openOutput, type Output } from "../output.ts";
import type { RecordOptions as Options } from "../record/plan.ts";
import type { RecordPlan } from "../record/record_run.ts";
import type { Attachment } from "../record/save_spool.ts";

async function dryRun(out: Output, options: Options, argv: readonly string[]): Promise<void> {
  const { chooseSources } = await import("../record/choose_sources.ts");
  const { intervalOf, liveOf } = await import("../record/plan.ts");
  const { probeSources, renderProbes } = await import("../record/probe.ts");
  const intervalNs = intervalOf(out.setting("interval", options.interval).value!);
  const sources = await chooseSources(out.setting("sources", options.sources).value);
  const probes = await probeSources(sources, intervalNs, await liveOf(options));
  const document = { schema: "spillway/record-plan/1", intervalNs, command: argv, sources: probes };
  await out.emit(document, () =>
    (argv.length === 0 ? "" : `would run: ${argv.join(" ")}\n`) +
    `would sample every ${formatSeconds(intervalNs / 1e9)}:\n` + renderProbes(probes, out));
}

/** Loads the spool into the store; a store that cannot take it keeps the spool for `recover`. */
async function load(
  spoolPath: string,
  storePath: string,
  out: Output,
  attachments: readonly Attachment[] = [],
): Promise<{ id: string | null; run: RunRecord } | null> {
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
    const saved = await saveSpool(spoolPath, run, storePath, attachments);
    for (const { path, id, problem } of saved.attached) {
      if (problem !== null) await out.warn(`${path} was not stored with the run: ${problem}`);
      else await out.note(`stored ${path} as ${id}`);
    }
    return saved;
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

/** The plan with a view that is drawn while it runs. */
async function withLiveView(plan: RecordPlan): Promise<RecordPlan> {
  const { createLiveView } = await import("../record/live_view.ts");
  const { drawLive } = await import("../record/live_screen.ts");
  const view = createLiveView();
  return {
    ...plan,
    onReading: view.onReading,
    onStart: (recorder) =>
      drawLive(view, () => ({
        nowNs: recorder.nowNs(),
        missedTicks: recorder.state().missedTicks,
      })),
  };
}

async function run(options: Options, argv: readonly string[]): Promise<void> {
  const out = openOutput(options);
  if (options.dryRun) return await dryRun(out, options, argv);
  const { planOf } = await import("../record/plan.ts");
  const asked = await planOf(out, options, argv);
  const plan = options.live ? await withLiveView(asked) : asked;
  const { recordRun } = await import("../record/record_run.ts");
  let recorded;
  try {
    if (argv.length === 0) {
      const until = plan.durationNs === null
        ? "until Ctrl-C or SIGTERM"
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
  for (const part of recorded.parts) {
    const loaded = await load(part, plan.storePath, out);
    if (loaded !== null && loaded.id !== null) {
      await out.note(`stored the part ${loaded.id} "${loaded.run.name}"`);
    }
  }
  const snapshot: Attachment[] = plan.torchSnapshot === null
    ? []
    : [{ path: plan.torchSnapshot, name: `${plan.name ?? "run"}-torch-snapshot`, ours: false }];
  const done = await load(recorded.spoolPath!, plan.storePath, out, snapshot);
  if (done !== null) await report(out, options, done, argv.length === 0);
  // The command's code stands, whatever became of our own work after it.
  if (argv.length === 0 && (done === null || done.id === null)) {
    throw environmentError("the recording was not stored", '"spillway recover" loads it');
  }
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
          "Ctrl-C or SIGTERM. Serving engines are listened to with --scrape and --kv-events.",
      )
      .usage("[options] [-- <command...>]")
      .option("--interval <time:string>", "Time between samples, 10ms to 1h (100ms).")
      .option("--sources <list:string>", "Sources to sample, e.g. block,cpu; -name leaves one out.")
      .option("--duration <time:string>", "Stop recording after this time.")
      .option("--until-signal", "Record until SIGTERM, SIGINT or SIGHUP (as a daemon does).")
      .option("--rotate <size:string>", "Begin a new run when the spool has this size, e.g. 64MiB.")
      .option("--keep <parts:integer>", "Parts kept with --rotate, the newest (16).")
      .option("--name <name:string>", "Name of the run.")
      .option("--summary <file:file>", "Write the summary (with --json the JSON) to this file.")
      .option("--pid <pid:integer>", "Record a running process and its children.")
      .option("--live", "Draw a compact view on stderr meanwhile.")
      .option("--scrape <url:string>", "Prometheus page of an engine or exporter.", {
        collect: true,
      })
      .option("--kv-events <endpoint:string>", "KV events of an engine, tcp://HOST:5557.", {
        collect: true,
      })
      .option("--no-scrub", "Keep names of blocks as the engine sends them.")
      .option("--engine-config <files:string>", "The engine's files, e.g. vllm.yaml,lmcache.yaml.")
      .option(
        "--hardware <profile:string>",
        "Profile of this machine (calibrate): ceilings of stalls.",
      )
      .option("--torch-snapshot <file:file>", "Import this memory snapshot after the command.")
      .option("--dry-run", "Say what would be read, and why the rest cannot, and stop.")
      .example("A training step", "spillway record --name step -- python train.py")
      .example("Ten minutes of the machine", "spillway record --duration 10m")
      .example(
        "A live engine",
        "spillway record --duration 1h --scrape http://localhost:8000/metrics " +
          "--kv-events tcp://localhost:5557",
      )
      .example("What could be read here?", "spillway record --dry-run")
      .action(async function (options: Options) {
        await run(options, this.getLiteralArgs());
      }),
};
