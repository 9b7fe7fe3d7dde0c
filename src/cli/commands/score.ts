import { Command } from "@cliffy/command";
import { dataError, environmentError, usageError } from "../../model/errors.ts";
import type { MeasuredQuantity } from "../../model/prediction.ts";
import { scoreClaims } from "../../gate/score.ts";
import { scoreDocument, scoreSchema } from "../bench/score_document.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";

interface Options extends GlobalOptions {
  readonly save?: string;
}

type Quantities = ReadonlyMap<string, MeasuredQuantity>;

/** Runs the command of the prediction and reads what it prints. */
async function runNow(argv: readonly string[], out: Output): Promise<Quantities> {
  const { benchQuantities, parseBenchDocument } = await import("../bench/measured_run.ts");
  const { runSelf } = await import("../../runtime/run_self.ts");
  await out.note(`running: spillway ${argv.join(" ")}`);
  const done = await runSelf([...argv, "--json"]);
  if (done.code !== 0) {
    throw environmentError(
      `the run of the prediction ended with exit code ${done.code}: ${
        done.stderr.trim().split("\n").at(-1) ?? ""
      }`,
      "run it by hand, and give its --json output to score",
    );
  }
  return benchQuantities(parseBenchDocument(JSON.parse(done.stdout), "the run"));
}

/** A run that was made: a `--json` file of bench or replay, or an entry of the store. */
async function readRun(given: string, out: Output): Promise<Quantities> {
  const { benchQuantities, metricQuantities, parseBenchDocument, readJsonFile } = await import(
    "../bench/measured_run.ts"
  );
  if (given.endsWith(".json") || given.includes("/")) {
    const json = readJsonFile(given) as { schema?: unknown; results?: { metrics: never }[] };
    if (json?.schema === "spillway/replay/1" && json.results?.length === 1) {
      return metricQuantities(json.results[0].metrics);
    }
    return benchQuantities(parseBenchDocument(json, given));
  }
  const { openStore } = await import("../../store/open.ts");
  const store = await openStore(out.setting("store").value!, { mode: "read" });
  try {
    const entry = await store.find(given);
    if (entry.kind === "run") return metricQuantities((await store.run(entry.id)).record.metrics);
    if (entry.kind !== "replay") {
      throw usageError(
        `score: ${entry.id} is a ${entry.kind}; a recorded run or a replay was expected`,
      );
    }
    const { document } = await store.document("replay", entry.id);
    if (document.results.length === 1) return metricQuantities(document.results[0].metrics);
    throw dataError(
      `${given}: it has ${document.results.length} results, and a prediction is of one`,
      "replay one policy",
    );
  } finally {
    await store.close();
  }
}

async function run(options: Options, prediction: string, given?: string): Promise<void> {
  const out = openOutput(options);
  const { readPrediction } = await import("../bench/seal.ts");
  const sealed = readPrediction(prediction);
  const { run: command, summary, knob, claims } = sealed.document;
  if (given === undefined && command === null) {
    throw usageError(
      `score: ${prediction} says no command to run`,
      "give the run: a --json file of bench, or an id of the store",
    );
  }
  const measured = given === undefined ? await runNow(command!, out) : await readRun(given, out);
  const rows = scoreClaims(claims as Parameters<typeof scoreClaims>[0], measured);
  if (rows.every((row) => row.measured === null)) {
    throw dataError(
      `${given ?? "the run"}: it measured none of the ${claims.length} claims of ${prediction}`,
      `claims are about ${claims.slice(0, 3).map((c) => c.quantity).join(", ")}`,
    );
  }
  const document = scoreDocument(
    [{ name: summary, knob, sha256: sealed.sha256, refused: null, rows }],
    new Date(),
  );
  if (options.save !== undefined) {
    const { saveScore } = await import("../bench/save_score.ts");
    await saveScore(options.save, [sealed], document, out);
  }
  const { renderScore } = await import("../bench/score_render.ts");
  await out.emit(document, () => renderScore(document, out));
}

export const command: CommandModule = {
  name: "score",
  summary: "judge a sealed prediction by a run, claim by claim",
  output: () => scoreSchema,
  build: () =>
    new Command()
      .description(
        "Reads a sealed prediction and a run (a --json file of bench or replay, or an entry of the store), " +
          "or makes the run that the prediction is about, and prints every claim with its error, hit or " +
          "miss, and what explains the largest miss.",
      )
      .arguments("<prediction:file> [run:string]")
      .option("--save <name:string>", "Store the score under this name, for reports.")
      .example("Judge by a run that was made", "spillway score x.prediction.json run.json")
      .example("Make the run now", "spillway score llm.prediction.json")
      .action((options: Options, prediction: string, given?: string) =>
        run(options, prediction, given)
      ),
};
