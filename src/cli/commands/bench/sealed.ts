import { Command, EnumType } from "@cliffy/command";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { usageError } from "../../../model/errors.ts";
import { formatRatio } from "../../../model/units.ts";
import type { ScoredCase } from "../../../model/prediction.ts";
import { machineNoise, NOISE_LIMIT } from "../../bench/machine_noise.ts";
import { loadRequests } from "../../bench/inputs.ts";
import { scoreDocument, scoreSchema } from "../../bench/score_document.ts";
import { renderScore } from "../../bench/score_render.ts";
import { type Sealed, storePrediction } from "../../bench/seal.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../../output.ts";
import { createProgress } from "../../progress.ts";
import { type CaseGroup, playGroup, type SealedContext } from "../../sealed/case.ts";

interface Options extends GlobalOptions {
  readonly directory: string;
  readonly predictions: string;
  readonly model: string;
  readonly only?: "conversation" | "traffic";
  readonly trace?: string;
  readonly repeats: number;
  readonly seed?: number;
  readonly setup?: boolean;
  readonly save?: string;
}

/** The groups of cases, each made only when the one before it is done. */
function groupsOf(
  options: Options,
  out: Output,
): ((context: SealedContext) => Promise<CaseGroup>)[] {
  const storePath = out.setting("store").value!;
  const conversation = async (context: SealedContext) => {
    const { conversationGroup } = await import("../../sealed/conversation_cases.ts");
    const requests = await loadRequests(true, storePath, context.seed);
    return await conversationGroup(requests, options.model, context);
  };
  const traffic = async (context: SealedContext) => {
    const { trafficGroup } = await import("../../sealed/traffic_cases.ts");
    const { generatedServing } = await import("../../bench/generated_requests.ts");
    const { loadProfiles } = await import("../../load_profiles.ts");
    const requests = options.trace === undefined
      ? await generatedServing(context.seed)
      : await loadRequests(options.trace, storePath, context.seed);
    const profiles = await loadProfiles({ hardware: "a100_sxm", llm: "llama-2-7b" });
    return await trafficGroup(requests, profiles, context);
  };
  if (options.only === undefined) return [conversation, traffic];
  return options.only === "conversation" ? [conversation] : [traffic];
}

async function setupEngine(options: Options, out: Output): Promise<void> {
  if (options.only === "traffic") return;
  const { engineReady, setupEngine } = await import("../../../workload/llm/engine_setup.ts");
  if (engineReady() === null) return;
  if (!options.setup) {
    throw usageError(
      "bench sealed needs the LLM engine, which is not installed",
      "add --setup, or leave conversations out with --only traffic",
    );
  }
  await setupEngine((line) => void out.note(line));
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  await setupEngine(options, out);
  const { withScratch } = await import("../../../workload/scratch.ts");
  const seed = Number(out.setting("seed", options.seed).value);
  let progress = createProgress("bench sealed", out);
  const sealed: Sealed[] = [];
  const scored: ScoredCase[] = [];
  let noise = 0;
  mkdirSync(options.predictions, { recursive: true });
  await withScratch(options.directory, 2 * 2 ** 30, async (directory, signal) => {
    const context: SealedContext = {
      directory,
      seed,
      signal,
      mark: () => {},
      progress: (done, total, what) => progress.update(done, total, what),
      asOf: new Date().toISOString().slice(0, 10),
      repeats: options.repeats,
      note: out.note,
    };
    noise = machineNoise(directory).ratio;
    if (noise > NOISE_LIMIT) {
      await out.warn(
        `this machine is noisy: fixed work varies by ${
          formatRatio(Number(noise.toPrecision(2)))
        }, so ` +
          "misses may be the machine's, not the model's",
      );
    }
    for (const makeGroup of groupsOf(options, out)) {
      await playGroup(
        await makeGroup(context),
        async (made, name) => {
          sealed.push(made);
          const file = join(
            options.predictions,
            `${String(sealed.length).padStart(2, "0")}.prediction.json`,
          );
          storePrediction(file, made);
          progress.end();
          // Every run is timed by itself: what is left of the whole is not known.
          progress = createProgress(`bench sealed, case ${sealed.length}`, out);
          await out.note(`${name}: sealed in ${file}, sha256 ${made.sha256}`);
        },
        (done) => void scored.push(done),
      );
    }
  });
  progress.end();
  const document = scoreDocument(scored, new Date(), noise);
  if (options.save !== undefined) {
    const { saveScore } = await import("../../bench/save_score.ts");
    await saveScore(options.save, sealed, document, out);
  }
  await out.emit(document, () => renderScore(document, out));
}

export const command: CommandModule = {
  name: "bench sealed",
  summary: "predict changes of recorded runs, seal, run and score them, and show every miss",
  output: () => scoreSchema,
  build: () =>
    new Command()
      .description(
        "Records conversations on a real LLM engine and the execution of a replay's KV traffic, checks " +
          "that both are reproduced under as-run (else it refuses to predict), changes one knob at a " +
          "time (policy, drive speed, tier size, block size, concurrency), seals each prediction with its " +
          "SHA-256 before its run, runs it and scores it.",
      )
      .option("--directory <folder:file>", "Folder for its files; emptied afterwards.", {
        default: ".",
      })
      .option("--predictions <folder:file>", "Where the sealed predictions are stored.", {
        default: "sealed-predictions",
      })
      .option("--model <name:string>", "Generated model of the engine.", { default: "29m-mha" })
      .type("group", new EnumType(["conversation", "traffic"]))
      .option("--only <group:group>", "Only one of the two recorded runs.")
      .option("--trace <trace:string>", "Request trace with block ids, for the KV traffic.")
      .option("--repeats <n:integer>", "Times every run is repeated.", { default: 5 })
      .option("--seed <n:integer>", "Seed of everything random.")
      .option("--setup", "First install the LLM engine, when it is not there.")
      .option("--save <name:string>", "Store predictions and scores under this name, for reports.")
      .example("Everything, with the table of every miss", "spillway bench sealed --setup")
      .example("Only the drive", "spillway bench sealed --only traffic --directory /data")
      .action((options: Options) => run(options)),
};
