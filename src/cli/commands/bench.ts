import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { formatBytes, formatRate, formatRatio, formatSeconds } from "../../model/units.ts";
import { WORKLOADS } from "../../registry/workloads.ts";
import { environmentVariable } from "../../runtime/terminal.ts";
import type {
  PredictionOutcome,
  Workload,
  WorkloadContext,
  WorkloadResult,
} from "../../workload/workload.ts";
import type { CommandModule } from "../command_module.ts";
import { closest } from "../did_you_mean.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { createProgress } from "../progress.ts";
import { type Assignment, parseAssignment, parseObject } from "../replay_params.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

interface Options extends GlobalOptions {
  readonly set?: readonly Assignment[];
  readonly directory: string;
  readonly seed?: number;
  readonly setup?: boolean;
  readonly predict?: boolean;
}

const phaseSchema = z.strictObject({
  name: z.string(),
  seconds: z.number(),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  operations: z.number(),
  p0Seconds: z.number().optional(),
  p50Seconds: z.number().nullable(),
  p99Seconds: z.number().nullable(),
});

const output = z.strictObject({
  schema: z.literal("spillway/bench/1"),
  workload: z.string(),
  params: z.record(z.string(), z.unknown()),
  seed: z.number(),
  phases: z.array(phaseSchema),
  verifiedBytes: z.number(),
  notes: z.array(z.string()),
  prediction: z.strictObject({
    sha256: z.string(),
    rows: z.array(
      z.looseObject({ phase: z.string(), relativeError: z.number(), hit: z.boolean() }),
    ),
    explanation: z.string(),
  }).optional(),
});

async function loadWorkload(name: string): Promise<Workload> {
  const entry = WORKLOADS.find((w) => w.name === name);
  if (entry !== undefined) return await entry.load();
  const near = closest(name, WORKLOADS.map((w) => w.name));
  throw usageError(
    `bench: there is no workload "${name}"` +
      (near === undefined ? "" : `; did you mean "${near}"?`),
    `workloads: ${WORKLOADS.map((w) => w.name).join(", ")}`,
  );
}

function renderPhases(result: WorkloadResult, out: Output): string {
  const bytes = (n: number) => n === 0 ? "-" : formatBytes(n);
  const time = (s: number | null) => s === null ? "-" : formatSeconds(s);
  const table = renderTable(
    ["phase", "time", "read", "written", "rate", "p50", "p99"].map((title, i) => ({
      title,
      align: i === 0 ? "left" as const : "right" as const,
      flexible: i === 0,
    })),
    result.phases.map((p) => [
      p.name,
      formatSeconds(p.seconds),
      bytes(p.bytesRead),
      bytes(p.bytesWritten),
      p.bytesRead + p.bytesWritten === 0 || p.seconds === 0
        ? "-"
        : formatRate((p.bytesRead + p.bytesWritten) / p.seconds),
      time(p.p50Seconds),
      time(p.p99Seconds),
    ]),
    out.width,
    out.style.bold,
  );
  const notes = [`${formatBytes(result.verifiedBytes)} read back and verified`, ...result.notes];
  return table + "\n" + notes.flatMap((n) => wrapText(`- ${n}`, out.width)).join("\n") +
    "\n\nEvidence: measured.\n";
}

function renderPrediction(outcome: PredictionOutcome, out: Output): string {
  const percent = (x: number) => `${x > 0 ? "+" : ""}${formatRatio(Number(x.toPrecision(3)))}`;
  const hits = outcome.rows.filter((r) => r.hit).length;
  const table = renderTable(
    ["phase", "predicted", "measured", "error", "spread", "bytes", "verdict"].map((title, i) => ({
      title,
      align: i === 0 || i === 6 ? "left" as const : "right" as const,
    })),
    outcome.rows.map((r) => [
      r.phase,
      formatSeconds(r.predictedSeconds),
      formatSeconds(r.measuredSeconds),
      percent(r.relativeError),
      formatRatio(Number(r.spread.toPrecision(3))),
      r.predictedBytes === null ? "-" : r.predictedBytes === r.measuredBytes ? "exact" : "wrong",
      r.hit ? "hit" : `miss (> ${formatRatio(r.target)})`,
    ]),
    out.width,
    out.style.bold,
  );
  return `${table}\n${hits} of ${outcome.rows.length} predictions hit. ` +
    `${wrapText(outcome.explanation, out.width).join("\n")}\n` +
    `sealed before the run: sha256 ${outcome.sha256}\n`;
}

/** Marks reach a recorder around us through its file; alone they go nowhere. */
async function createMarker(): Promise<(name: string) => void> {
  const { appendMark, MARKS_VARIABLE } = await import("../../collect/marks.ts");
  const path = environmentVariable(MARKS_VARIABLE);
  return path === undefined ? () => {} : (name) => appendMark(path, name);
}

async function run(options: Options, name: string): Promise<void> {
  const out = openOutput(options);
  const workload = await loadWorkload(name);
  const params = parseObject(workload.name, workload.params, options.set ?? []);
  if (options.predict && workload.predict === undefined) {
    throw usageError(`bench ${name}: this workload has no prediction to compare with`);
  }
  if (options.setup && workload.ready?.() !== null) {
    await workload.setup?.((line) => void out.note(line));
  }
  const seed = Number(out.setting("seed", options.seed).value);
  const progress = createProgress(`bench ${name}`, out);
  const mark = await createMarker();
  const { withScratch } = await import("../../workload/scratch.ts");
  const need = workload.diskBytes?.(params) ?? 2 ** 30;
  await withScratch(options.directory, need * 1.05, async (directory, signal) => {
    const context: WorkloadContext = { directory, seed, signal, mark, progress: progress.update };
    const outcome = options.predict
      ? await workload.predict!(params, context, async (_prediction, sha256) => {
        progress.end();
        await out.note(`prediction sealed before the run: sha256 ${sha256}`);
      })
      : null;
    const result = outcome?.run ?? await workload.run(params, context);
    progress.end();
    const document = {
      schema: "spillway/bench/1",
      workload: workload.name,
      params,
      seed,
      ...result,
      ...(outcome === null ? {} : {
        prediction: {
          sha256: outcome.sha256,
          rows: outcome.rows,
          explanation: outcome.explanation,
        },
      }),
    };
    await out.emit(
      document,
      () =>
        renderPhases(result, out) + (outcome === null ? "" : `\n${renderPrediction(outcome, out)}`),
    );
  });
}

export const command: CommandModule = {
  name: "bench",
  summary: "run a real workload of our own on this machine",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Runs a workload that moves real bytes and verifies what it moved: " +
          `${WORKLOADS.map((w) => `${w.name} (${w.summary})`).join("; ")}. ` +
          "Put it under record to sample the counters meanwhile.",
      )
      .type("assignment", ({ value }) => parseAssignment(value))
      .arguments("<workload:string>")
      .option("--set <key=value:assignment>", "Set a parameter of the workload.", { collect: true })
      .option("--directory <folder:file>", "Folder for its files; emptied afterwards.", {
        default: ".",
      })
      .option("--seed <n:integer>", "Seed of everything random.")
      .option("--setup", "First install what the workload needs, when it is not there.")
      .option("--predict", "Calibrate, predict and seal first; then run and compare.")
      .example("Spill and refill KV blocks on this disk", "spillway bench kv")
      .example("The same, with the counters recorded", "spillway record -- spillway bench kv")
      .example("A real LLM engine, predicted first", "spillway bench llm --setup --predict")
      .action((options: Options, name: string) => run(options, name)),
};
