import { counted } from "../../model/plural.ts";
import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import { type Claim, type Knob, predictionSchema } from "../../model/prediction.ts";
import type { PolicyFamily } from "../../model/policy.ts";
import type { PolicyResult } from "../../model/results.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import { POLICIES } from "../../registry/policies.ts";
import { metricClaims } from "../bench/metric_claims.ts";
import { checkRecorded } from "../bench/recorded.ts";
import type { Sealed } from "../bench/seal.ts";
import type { CommandModule } from "../command_module.ts";
import { closest } from "../did_you_mean.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { loadPolicies } from "../replay_options.ts";
import { type Assignment, choosePolicies, parseAssignment } from "../replay_params.ts";
import { renderClaims } from "../show/documents.ts";

interface Options extends GlobalOptions {
  readonly policy: string;
  readonly set?: readonly Assignment[];
  readonly hardware?: string;
  readonly llm?: string;
  readonly site?: string;
  readonly seed?: number;
  readonly metrics?: readonly string[];
  readonly within: number;
  readonly recorded?: string;
  readonly seal?: boolean;
  readonly output?: string;
  readonly save?: string;
}

const output = z.strictObject({
  schema: z.literal("spillway/predict/1"),
  file: z.string().nullable(),
  sha256: z.string().nullable().describe("of the file's bytes; null without --seal"),
  prediction: predictionSchema,
});

function familyOf(name: string): PolicyFamily {
  const families = [...new Set(POLICIES.map((p) => p.family))] as PolicyFamily[];
  const found = families.find((f) => f === name);
  if (found !== undefined) return found;
  const near = closest(name, families);
  throw usageError(
    `predict: there is no family "${name}"` +
      (near === undefined ? "" : `; did you mean "${near}"?`),
    `families: ${families.join(", ")}`,
  );
}

interface Replayed {
  readonly result: PolicyResult;
  readonly inputs: { readonly [key: string]: Json };
  readonly knob: Knob | null;
}

/** Replays one policy; with `--recorded` only when that run is reproduced under as-run. */
async function replayOne(
  family: PolicyFamily,
  argument: string,
  options: Options,
  out: Output,
): Promise<Replayed> {
  const policies = await loadPolicies(family, [options.policy], []);
  const choices = choosePolicies(policies, options.set ?? [], []);
  const { loadProfiles } = await import("../load_profiles.ts");
  const profiles = await loadProfiles({
    hardware: out.setting("hardware", options.hardware).value,
    llm: out.setting("llm", options.llm).value,
    site: out.setting("site", options.site).value,
  });
  const seed = Number(out.setting("seed", options.seed).value);
  const { loadTrace } = await import("../load_trace.ts");
  const kind = [...new Set(policies.flatMap((p) => p.accepts))] as TraceKind[];
  const trace = await loadTrace(argument, { storePath: out.setting("store").value!, kind });
  try {
    const { runPolicies } = await import("../replay_run.ts");
    const [result] = await runPolicies(trace, choices, profiles, seed);
    const { id, name, format, sha256, rows } = trace;
    const knob = options.recorded === undefined ? null : await checkRecorded(
      { path: options.recorded, trace: argument, result, profiles, options },
      out,
    );
    return {
      result,
      knob,
      inputs: {
        family,
        policy: result.policy,
        params: result.params as Json,
        trace: { id, name, kind: trace.kind, format, sha256, rows },
        profiles: Object.fromEntries(
          Object.entries(profiles).filter(([, p]) => p !== null),
        ) as unknown as Json,
        seed,
      },
    };
  } finally {
    await trace.close();
  }
}

function render(sealed: Sealed, file: string | null, out: Output): string {
  const { claims, summary } = sealed.document;
  const table = renderClaims(claims as Claim[], out);
  return `${summary}\n${table}` +
    (file === null
      ? "\nNot sealed: --seal stores it and prints its SHA-256.\n"
      : `\nsealed: ${file}, sha256 ${sealed.sha256}\nAfter the run: spillway score ${file} RUN\n`);
}

async function run(options: Options, family: string, trace: string): Promise<void> {
  const out = openOutput(options);
  const { result, inputs, knob } = await replayOne(familyOf(family), trace, options, out);
  const claims = metricClaims(result.metrics, options.metrics ?? null, options.within);
  const { sealPrediction, storePrediction } = await import("../bench/seal.ts");
  const sealed = sealPrediction({ claims, inputs }, {
    summary: `${family} ${options.policy} on ${trace}: ${counted(claims.length, "claim")}`,
    knob,
    run: null,
    now: new Date(),
  });
  const file = options.seal
    ? options.output ?? `${sealed.sha256.slice(0, 12)}.prediction.json`
    : null;
  if (file !== null) storePrediction(file, sealed);
  if (options.save !== undefined) {
    const { savePrediction } = await import("../bench/save_score.ts");
    await savePrediction(options.save, sealed, out);
  }
  await out.emit(
    {
      schema: "spillway/predict/1",
      file,
      sha256: file === null ? null : sealed.sha256,
      prediction: sealed.document,
    },
    () => render(sealed, file, out),
  );
}

export const command: CommandModule = {
  name: "predict",
  summary: "claim what a run will measure, sealed with a SHA-256 before it starts",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Replays one policy and turns its metrics into claims: counts and bytes that must be equal, times " +
          "within a bar. --seal stores them with all their inputs before the run; score judges them " +
          "after it. With --recorded, the run that was really made is replayed as it ran first, and " +
          "nothing is predicted when that is not reproduced.",
      )
      .type("assignment", ({ value }) => parseAssignment(value))
      .arguments("<family:string> <trace:string>")
      .option("-p, --policy <name:string>", "The policy that will run.", { required: true })
      .option("--set <key=value:assignment>", "Set a parameter of it.", { collect: true })
      .option("--hardware <profile:string>", "Hardware profile: a built-in name or a JSON file.")
      .option("--llm <profile:string>", "Model profile: a built-in name or a JSON file.")
      .option("--site <profile:string>", "Site profile: a built-in name or a JSON file.")
      .option("--seed <n:integer>", "Seed of everything random.")
      .option("--metrics <ids:string[]>", "Claim only these metrics.")
      .option("--within <ratio:number>", "Bar of claims that rest on a cost model.", {
        default: 0.15,
      })
      .option(
        "--recorded <run:string>",
        "A recorded run that as-run must reproduce: bench … --json, or what replay validate takes.",
      )
      .option("--seal", "Store the prediction and print its SHA-256.")
      .option("-o, --output <file:file>", "Where --seal stores it (default: named by its hash).")
      .option("--save <name:string>", "Store it under this name as well.")
      .example(
        "What will happen with another policy?",
        "spillway predict conversation chat.jsonl -p kv-offload --hardware ./this-machine.json --recorded run.json --seal",
      )
      .example(
        "Claim only two metrics of a serving replay",
        "spillway predict offload chat.jsonl -p kv-offload --metrics ttft_p99_seconds,ssd_written_bytes --hardware a100_sxm --llm llama-2-7b --seal",
      )
      .action((options: Options, family: string, trace: string) => run(options, family, trace)),
};
