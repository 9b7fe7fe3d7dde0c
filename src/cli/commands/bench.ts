import { Command } from "@cliffy/command";
import { usageError } from "../../model/errors.ts";
import { type Json } from "../../model/json.ts";
import { formatBytes, formatRate, formatSeconds } from "../../model/units.ts";
import { WORKLOADS } from "../../registry/workloads.ts";
import { hostFacts } from "../../runtime/host.ts";
import { environmentVariable } from "../../runtime/terminal.ts";
import type { Workload, WorkloadContext, WorkloadResult } from "../../workload/workload.ts";
import type { LoadedRequests } from "../bench/inputs.ts";
import type { PredictedRun } from "../bench/run_workload.ts";
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
  readonly prediction?: string;
  readonly save?: string;
  readonly conversation?: string | true;
  readonly trace?: string;
  readonly policy: string;
  readonly hardware?: string;
  readonly llm?: string;
}

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

/** Marks reach a recorder around us through its file; alone they go nowhere. */
async function createMarker(): Promise<(name: string) => void> {
  const { appendMark, MARKS_VARIABLE } = await import("../../collect/marks.ts");
  const path = environmentVariable(MARKS_VARIABLE);
  return path === undefined ? () => {} : (name) => appendMark(path, name);
}

/** What a run needs beside its parameters: conversations, traffic, a measured engine. */
interface Inputs {
  readonly requests: LoadedRequests | null;
  readonly context: Pick<WorkloadContext, "requests" | "traffic" | "engine">;
  /** For a sealed prediction. */
  readonly described: { readonly [key: string]: Json };
}

async function loadInputs(
  options: Options,
  name: string,
  seed: number,
  out: Output,
): Promise<Inputs> {
  const { loadProfiles } = await import("../load_profiles.ts");
  const profiles = await loadProfiles({
    hardware: out.setting("hardware", options.hardware).value ??
      (options.trace === undefined ? undefined : "a100_sxm"),
    llm: out.setting("llm", options.llm).value ??
      (options.trace === undefined ? undefined : "llama-3-8b"),
  });
  const { loadRequests, replayTraffic, stampOf } = await import("../bench/inputs.ts");
  const storePath = out.setting("store").value!;
  const engine = profiles.hardware?.engine ?? undefined;
  if (name === "conversation") {
    const requests = await loadRequests(options.conversation ?? true, storePath, seed);
    const trace = stampOf(requests) as unknown as Json;
    return { requests, context: { requests: requests.batches, engine }, described: { trace } };
  }
  if (options.trace === undefined) return { requests: null, context: { engine }, described: {} };
  if (name !== "kv") {
    throw usageError(`--trace: bench ${name} executes no traffic`, "use it with bench kv");
  }
  const requests = await loadRequests(options.trace, storePath, seed);
  const { traffic, document } = await replayTraffic(requests, {
    policy: options.policy,
    // `--set kv-offload.dram=1GiB` is the policy's, `--set concurrency=4` the workload's.
    assignments: (options.set ?? []).filter((a) => a.policy !== null),
    profiles,
    seed,
  });
  const [result] = document.results;
  return {
    requests,
    context: { traffic },
    described: {
      trace: document.trace as unknown as Json,
      policy: result.policy,
      policyParams: result.params as Json,
      profiles: document.profiles as Json,
    },
  };
}

async function run(options: Options, given: string): Promise<void> {
  const out = openOutput(options);
  const name = given === "llm" && options.conversation !== undefined ? "conversation" : given;
  const workload = await loadWorkload(name);
  const params = parseObject(
    workload.name,
    workload.params,
    (options.set ?? []).filter((a) => a.policy === null),
  );
  const { isPredictable, runPredicted } = await import("../bench/run_workload.ts");
  if (options.predict && !isPredictable(workload)) {
    throw usageError(`bench ${name}: this workload has no prediction to compare with`);
  }
  const seed = Number(out.setting("seed", options.seed).value);
  const inputs = await loadInputs(options, name, seed, out);
  if (options.setup && workload.ready?.() !== null) {
    await workload.setup?.((line) => void out.note(line));
  }
  const progress = createProgress(`bench ${name}`, out);
  const mark = await createMarker();
  const { withScratch } = await import("../../workload/scratch.ts");
  const need = workload.diskBytes?.(params) ?? 2 ** 30;
  await withScratch(options.directory, need * 1.05, async (directory, signal) => {
    const context: WorkloadContext = {
      directory,
      seed,
      signal,
      mark,
      progress: progress.update,
      asOf: new Date().toISOString().slice(0, 10),
      ...inputs.context,
    };
    const file = options.prediction ?? `${name}.prediction.json`;
    const { storePrediction } = await import("../bench/seal.ts");
    const predicted = options.predict
      ? await runPredicted(
        workload,
        params,
        context,
        {
          requests: inputs.requests,
          command: ["bench", given, ...commandOf(options)],
          inputs: inputs.described,
        },
        async (sealed) => {
          storePrediction(file, sealed);
          progress.end();
          await out.note(`prediction sealed before the run: ${file}, sha256 ${sealed.sha256}`);
        },
      )
      : null;
    const { withModel } = await import("../bench/injection.ts");
    const result = withModel(predicted?.result ?? await workload.run(params, context));
    progress.end();
    await emit(out, options, { workload, params, seed, result, predicted, file, inputs });
  });
}

/** The options that make the judged run again. */
function commandOf(options: Options): string[] {
  const flag = (key: string, value: string | true | undefined) =>
    value === undefined ? [] : value === true ? [`--${key}`] : [`--${key}`, value];
  return [
    ...flag("conversation", options.conversation),
    ...flag("trace", options.trace),
    ...(options.trace === undefined ? [] : ["--policy", options.policy]),
    ...flag("hardware", options.hardware),
    ...flag("llm", options.llm),
    ...(options.set ?? []).flatMap((a) => [
      "--set",
      `${a.policy === null ? "" : `${a.policy}.`}${a.key}=${a.value}`,
    ]),
    ...(options.seed === undefined ? [] : ["--seed", String(options.seed)]),
  ];
}

async function emit(out: Output, options: Options, done: {
  readonly workload: Workload;
  readonly params: unknown;
  readonly seed: number;
  readonly result: WorkloadResult;
  readonly predicted: PredictedRun | null;
  readonly file: string;
  readonly inputs: Inputs;
}): Promise<void> {
  const { predicted, result } = done;
  if (options.save !== undefined && predicted !== null) {
    const { saveScore } = await import("../bench/save_score.ts");
    await saveScore(options.save, [predicted.sealed], predicted.score, out);
  }
  const { renderScore } = await import("../bench/score_render.ts");
  const document = {
    schema: "spillway/bench/1",
    workload: done.workload.name,
    params: done.params,
    seed: done.seed,
    measuredAt: new Date().toISOString(),
    machine: hostFacts(),
    inputs: done.inputs.described,
    ...result,
    ...(predicted === null ? {} : {
      prediction: { file: done.file, sha256: predicted.sealed.sha256 },
      score: predicted.score,
    }),
  };
  await out.emit(
    document,
    () =>
      renderPhases(result, out) +
      (predicted === null ? "" : `\n${renderScore(predicted.score, out)}`),
  );
}

export const command: CommandModule = {
  name: "bench",
  summary: "run a real workload of our own on this machine",
  output: async () => (await import("../bench/bench_schema.ts")).benchSchema,
  build: () =>
    new Command()
      .description(
        "Runs a workload that moves real bytes and verifies what it moved: " +
          `${WORKLOADS.map((w) => `${w.name} (${w.summary})`).join("; ")}. ` +
          "Put it under record to sample the counters meanwhile.",
      )
      .type("assignment", ({ value }) => parseAssignment(value))
      .arguments("<workload:string>")
      .option(
        "--set <key=value:assignment>",
        "Set a parameter of the workload; policy.key=value one of the replayed policy.",
        { collect: true },
      )
      .option("--directory <folder:file>", "Folder for its files; emptied afterwards.", {
        default: ".",
      })
      .option("--seed <n:integer>", "Seed of everything random.")
      .option("--setup", "First install what the workload needs, when it is not there.")
      .option("--predict", "Calibrate, predict and seal first; then run and compare.")
      .option("--prediction <file:file>", "Where --predict stores the sealed prediction.")
      .option("--save <name:string>", "Store prediction and score under this name, for reports.")
      .option("--conversation [trace:string]", "llm: play a request trace's conversations.")
      .option("--trace <trace:string>", "kv: execute the traffic of replay offload on this trace.")
      .option("--policy <name:string>", "kv: the offload policy that is replayed.", {
        default: "kv-offload",
      })
      .option("--hardware <profile:string>", "Hardware profile: a built-in name or a JSON file.")
      .option("--llm <profile:string>", "Model profile: a built-in name or a JSON file.")
      .example(
        "A trace's KV traffic under a policy, on this disk",
        "spillway bench kv --trace chat.jsonl --hardware a100_sxm --llm llama-2-7b --set blockBytes=1MiB",
      )
      .example("The same, with the counters recorded", "spillway record -- spillway bench kv")
      .example("A real LLM engine, predicted first", "spillway bench llm --setup --predict")
      .example(
        "Conversations, restored or recomputed turn by turn",
        "spillway bench llm --conversation chat.jsonl --set policy=hybrid --predict",
      )
      .action((options: Options, name: string) => run(options, name)),
};
