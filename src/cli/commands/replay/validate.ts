import { Command } from "@cliffy/command";
import { dataError } from "../../../model/errors.ts";
import type { Json } from "../../../model/json.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { type Assignment, parseAssignment } from "../../replay_params.ts";

interface Options extends GlobalOptions {
  readonly trace?: string;
  readonly bench?: string;
  readonly hardware?: string;
  readonly llm?: string;
  readonly set?: readonly Assignment[];
  readonly fit?: string;
  readonly seed?: number;
  readonly strict?: boolean;
}

function valuesOf(assignments: readonly Assignment[]): { [key: string]: Json } {
  return Object.fromEntries(assignments.map(({ key, value }) => {
    const number = Number(value);
    const word = value === "true" ? true : value === "false" ? false : null;
    return [key, word ?? (value.trim() !== "" && Number.isFinite(number) ? number : value)];
  }));
}

async function run(options: Options, argument: string): Promise<void> {
  const out = openOutput(options);
  const storePath = out.setting("store").value!;
  const { countsOfBench, loadRun } = await import("../../validate/load_run.ts");
  const loaded = await loadRun(argument, storePath);
  const wanted = options.trace ?? options.bench ?? loaded.engine.requestTrace;
  if (wanted === null) {
    throw dataError(
      `run ${loaded.name} has no log of its requests`,
      "give one with --trace (Mooncake JSONL, KV events, a request log) or --bench RESULT.json",
    );
  }
  const counts = options.bench === undefined
    ? loaded.engine.counts
    : countsOfBench(options.bench, loaded.engine.counts);
  const { loadTrace } = await import("../../load_trace.ts");
  const trace = await loadTrace(wanted, { storePath, kind: "requests" });
  try {
    const { validateRun } = await import("../../validate/validate_run.ts");
    const hardware = out.setting("hardware", options.hardware).value;
    const llm = out.setting("llm", options.llm).value;
    const document = await validateRun({
      run: { id: loaded.id, name: loaded.name },
      engine: { ...loaded.engine, counts },
      trace: trace as Parameters<typeof validateRun>[0]["trace"],
      hardware,
      llm,
      fit: options.fit ?? null,
      set: valuesOf(options.set ?? []),
      seed: Number(out.setting("seed", options.seed).value),
    });
    const { renderValidation } = await import("../../validate/render.ts");
    await out.emit(document, () => renderValidation(document, out));
    if (options.strict && document.verdict !== "reproduced") {
      const { setExitCode } = await import("../../../runtime/terminal.ts");
      setExitCode(document.verdict === "missed" ? 1 : 3);
    }
  } finally {
    await trace.close();
  }
}

export const command: CommandModule = {
  name: "replay validate",
  summary: "replay a recorded engine run as it ran, and hold the result against what was counted",
  output: async () => (await import("../../schemas/validation_schema.ts")).validationSchema,
  build: () =>
    new Command()
      .description(
        "Replays the requests of a recorded or imported run of a serving engine under as-run, with the " +
          "configuration that was recorded, and prints reproduced against counted: hit ratio, blocks stored " +
          "and removed, bytes, times to first token. More than 5 points of hit ratio or 15 % of time to " +
          "first token off means: do not conclude anything from replays of this run.",
      )
      .arguments("<run:string>")
      .type("assignment", ({ value }) => parseAssignment(value))
      .option("--trace <trace:string>", "Its requests, when the run does not name them.")
      .option("--bench <file:file>", "Result of vllm bench serve: requests and their times.")
      .option("--hardware <profile:string>", "Machine it ran on: a built-in name or a JSON file.")
      .option("--llm <profile:string>", "Model it served: a built-in name or a JSON file.")
      .option("--set <key=value:assignment>", "Set a parameter of as-run.", { collect: true })
      .option("--fit <file:file>", "Fit the timing to a serving benchmark's JSON first.")
      .option("--seed <n:integer>", "Seed of everything random.")
      .option(
        "--strict",
        "End with exit code 1 when it is missed, 3 when nothing could be compared.",
      )
      .example("Can replays of this run be trusted?", "spillway replay validate my-run")
      .example(
        "An engine run that was not recorded here",
        "spillway replay validate engine.json --bench result.json --hardware h100_sxm",
      )
      .action((options: Options, argument: string) => run(options, argument)),
};
