import { dataError, usageError } from "../../model/errors.ts";
import type { RunEngine } from "../../model/engine_config.ts";
import type { Json } from "../../model/json.ts";
import type { ReplayContext, RequestOutcome } from "../../model/policy.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { TraceStamp } from "../../model/results.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { asRunParams, llmAsRun } from "../../replay/offload/as_run_params.ts";
import { validate, type Validation } from "../../replay/offload/validation.ts";
import { VERSION } from "../../runtime/version.ts";
import { closest } from "../did_you_mean.ts";
import { builtinProfileNames, loadProfile } from "../load_profiles.ts";

/** `--json` of `replay validate`. */
export interface ValidationDocument extends Validation {
  readonly schema: "spillway/validation/1";
  readonly tool: { readonly name: "spillway"; readonly version: string };
  readonly run: { readonly id: string | null; readonly name: string };
  readonly trace: TraceStamp;
  readonly policy: "as-run";
  readonly params: { readonly [key: string]: Json };
  readonly profiles: { readonly hardware: string; readonly llm: string };
  /** What neither the run nor the user said, with what was taken instead. */
  readonly assumed: readonly string[];
  /** What the trace of the requests leaves out, as its importer said. */
  readonly notes: readonly string[];
}

export interface ValidateInput {
  readonly run: { readonly id: string | null; readonly name: string };
  readonly engine: RunEngine;
  readonly trace: Trace<"requests"> & { readonly id: string | null };
  readonly hardware: string | null;
  readonly llm: string | null;
  /** Result of a serving benchmark to fit the timing to first. */
  readonly fit?: string | null;
  /** Parameters that the user sets over the configuration. */
  readonly set: { readonly [key: string]: Json };
  readonly seed: number;
}

/** `meta-llama/Meta-Llama-3-8B-Instruct` as the built-in profiles write it. */
function profileNameOf(model: string): string {
  return model.split("/").at(-1)!.toLowerCase().replace(/^meta-/, "")
    .replace(/-(instruct|chat|base|hf|it|awq|gptq|fp8|bf16)\b/g, "");
}

async function profilesOf(
  { engine, hardware, llm }: ValidateInput,
): Promise<{ profiles: Profiles; assumed: string[] }> {
  const assumed: string[] = [];
  let model = llm ?? engine.config.llm;
  if (model === null && engine.config.model !== null) {
    const known = await builtinProfileNames("llm");
    const name = profileNameOf(engine.config.model);
    const found = known.find((k) => k === name);
    if (found === undefined) {
      const near = closest(name, known);
      throw usageError(
        `replay validate: the engine served "${engine.config.model}", which no built-in profile describes` +
          (near === undefined ? "" : `; ${near} is the nearest`),
        "give its shape with --llm",
      );
    }
    model = found;
    assumed.push(`the shape of ${engine.config.model} is that of ${found}`);
  }
  if (model === null) {
    throw usageError("replay validate: the run does not say which model was served", "give --llm");
  }
  const machine = hardware ?? engine.config.hardware;
  if (machine === null) {
    throw usageError(
      "replay validate: the run does not say which machine it ran on",
      "give --hardware, such as --hardware h100_sxm, or a calibrated profile",
    );
  }
  const shape = await loadProfile("llm", model);
  return {
    profiles: {
      hardware: await loadProfile("hardware", machine),
      llm: llmAsRun(shape!, engine.config),
      site: null,
    },
    assumed,
  };
}

/** Replays a run's requests as it ran and holds the result against what was counted. */
export async function validateRun(input: ValidateInput): Promise<ValidationDocument> {
  const { trace, engine } = input;
  const { profiles, assumed } = await profilesOf(input);
  const asRun = asRunParams(engine.config, trace.meta.blockTokens);
  const { policy } = await import("../../replay/offload/policies/as_run.ts");
  const { loadEvictions } = await import("../../search/load_evictions.ts");
  const { fitTiming } = await import("../offload/fit_timing.ts");
  const fit = input.fit === undefined || input.fit === null
    ? null
    : await fitTiming(input.fit, profiles, {
      ...asRun.params,
      ...(trace.meta.blockTokens === null ? {} : { blockTokens: trace.meta.blockTokens }),
    });
  const set = { ...asRun.params, ...fit?.params, ...input.set };
  const given = { intervals: false, ...set };
  const parsed = policy.params.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw usageError(`replay validate: ${issue.path.join(".")}: ${issue.message}`);
  }
  const ttftSeconds = new Float64Array(trace.rows).fill(NaN);
  const context: ReplayContext<"requests"> = {
    meta: trace.meta,
    profiles,
    seed: input.seed,
    seriesPoints: 100,
    evictions: await loadEvictions(["offload"]),
    onRequest: ({ index, ttftSeconds: seconds }: RequestOutcome) => {
      ttftSeconds[index] = seconds;
    },
  };
  const replay = policy.create(parsed.data, context);
  for await (const batch of trace.batches()) replay.feed(batch);
  const { metrics, detail } = replay.finish();
  const number = (id: string): number => Number(metrics[id]?.value ?? 0);
  const link = (name: string): number =>
    (detail!.links as { name: string; bytes: number }[]).find((l) => l.name === name)?.bytes ?? 0;
  const tiered = number("tier_hit_tokens") + number("hbm_hit_tokens");
  const ratio = number("token_reuse_ratio");
  const { rows, verdict, sentence } = validate({
    hasBlocks: trace.meta.uniqueBlocks !== null,
    inputTokens: ratio > 0 ? Math.round(tiered / ratio) : number("computed_tokens"),
    gpuHitTokens: number("hbm_hit_tokens"),
    tierHitTokens: number("tier_hit_tokens"),
    storedBlocks: number("gpu_stored_blocks"),
    removedBlocks: number("gpu_removed_blocks"),
    loadedBytes: link("host to GPU"),
    savedBytes: link("GPU to host"),
    preemptions: number("preemption_count"),
    ttftSeconds,
  }, engine.counts);
  return {
    schema: "spillway/validation/1",
    tool: { name: "spillway", version: VERSION },
    run: input.run,
    trace: {
      id: trace.id,
      name: trace.name,
      kind: trace.kind,
      format: trace.format,
      sha256: trace.sha256,
      rows: trace.rows,
    },
    policy: "as-run",
    params: set,
    profiles: { hardware: profiles.hardware!.name, llm: profiles.llm!.name },
    assumed: [...(fit === null ? [] : [fit.note]), ...assumed, ...asRun.assumed],
    notes: trace.notes,
    rows,
    verdict,
    sentence,
  };
}

/** The engine of a run. @throws data error when none was recorded. */
export function engineOfRun(name: string, engine: RunEngine | undefined): RunEngine {
  if (engine !== undefined) return engine;
  throw dataError(
    `run ${name} has no serving engine: neither its files nor its pages were recorded`,
    "record it with --engine-config FILE and --scrape URL or --kv-events tcp://HOST:5557",
  );
}
