import { join } from "node:path";
import { z } from "zod";
import { dataError, usageError } from "../../model/errors.ts";
import { startEngine } from "../llm/engine.ts";
import { engineReady, setupEngine } from "../llm/engine_setup.ts";
import { dropFileFromPageCache } from "../llm/page_cache.ts";
import { kvBytesPerToken, MODEL_SHAPES, writeRandomModel } from "../llm/random_model.ts";
import {
  explainMiss,
  fitLaws,
  predictPhases,
  scorePrediction,
  seal,
  type SealedPrediction,
  stateBytesLaw,
} from "../llm/predict.ts";
import type { PredictionOutcome, Workload, WorkloadContext, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  model: z.enum(["29m-mha", "110m-mha", "110m-gqa"]).default("110m-mha")
    .describe("generated model, or --set file=MODEL.gguf for your own"),
  file: z.string().nullable().default(null).describe("a GGUF model of your own"),
  lengths: z.string().default("256,512,1024").describe("prompt lengths in tokens"),
  repeats: z.number().int().min(1).max(100).default(3).describe("times each length is measured"),
  threads: z.number().int().min(1).max(256).default(1).describe("CPU threads of the engine"),
  decode: z.number().int().min(1).max(512).default(8).describe("tokens decoded to compare"),
});

type Params = z.infer<typeof params>;

interface Timings {
  readonly prefill: number[];
  readonly save: number[];
  readonly cold: number[];
  readonly warm: number[];
  bytes: number;
}

function parseLengths(text: string): number[] {
  const lengths = text.split(",").map(Number);
  if (lengths.some((n) => !Number.isInteger(n) || n < 16 || n > 8000)) {
    throw usageError(
      `lengths: "${text}" must be whole numbers from 16 to 8000, separated by commas`,
    );
  }
  return lengths;
}

/** A prompt of ordinary tokens; repeats differ, so that nothing is served from the engine's own prefix. */
function promptOf(length: number, salt: number): number[] {
  return Array.from({ length }, (_, i) => 300 + (i * 7919 + salt * 104_729) % 9000);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
}

function run(params: Params, context: WorkloadContext): Promise<WorkloadResult> {
  return measure(params, parseLengths(params.lengths), context);
}

/** Lengths to calibrate on: between and around the judged ones, never one of them. */
function calibrationLengths(judged: readonly number[]): number[] {
  const low = Math.max(32, Math.round(Math.min(...judged) * 0.75));
  const high = Math.round(Math.max(...judged) * 1.1);
  const steps = [0, 1 / 3, 2 / 3, 1].map((f) => Math.round(low * (high / low) ** f));
  return steps.map((n) => judged.includes(n) ? n + 8 : n);
}

async function predict(
  params: Params,
  context: WorkloadContext,
  sealed: (prediction: unknown, sha256: string) => Promise<void>,
): Promise<PredictionOutcome> {
  const judged = parseLengths(params.lengths);
  const lengths = calibrationLengths(judged);
  const calibration = await measure(params, lengths, context);
  const laws = fitLaws(calibration);
  const prediction: SealedPrediction = {
    schema: "spillway/prediction/1",
    calibration: { lengths, laws },
    predictions: predictPhases(laws, judged, stateBytesLaw(calibration)),
  };
  const sha256 = seal(prediction);
  await sealed(prediction, sha256);
  const run = await measure(params, judged, context);
  const rows = scorePrediction(prediction, run);
  return { sha256, rows, explanation: explainMiss(rows, laws), run };
}

async function measure(
  params: Params,
  lengths: readonly number[],
  context: WorkloadContext,
): Promise<WorkloadResult> {
  const shape = MODEL_SHAPES.find((s) => s.name === params.model)!;
  const modelPath = params.file ?? join(context.directory, "model.gguf");
  if (params.file === null) writeRandomModel(modelPath, shape, context.seed);
  const contextTokens = Math.max(...lengths) + params.decode + 64;
  const engine = await startEngine(modelPath, {
    contextTokens,
    threads: params.threads,
    signal: context.signal,
  });
  const state = join(context.directory, "state.bin");
  const total = lengths.length * params.repeats;
  let verifiedBytes = 0;
  let cold = true;
  const phases: WorkloadResult["phases"][number][] = [];
  try {
    for (const [at, length] of lengths.entries()) {
      const timings: Timings = { prefill: [], save: [], cold: [], warm: [], bytes: 0 };
      for (let repeat = 0; repeat < params.repeats; repeat++) {
        context.mark(`llm-${length}-${repeat}`);
        cold = await measureOnce(engine, params, promptOf(length, repeat), state, timings) && cold;
        verifiedBytes += timings.bytes;
        context.progress(at * params.repeats + repeat + 1, total, `${length} tokens`);
      }
      phases.push(...phasesOf(length, timings));
    }
  } finally {
    await engine.close();
  }
  const notes = [
    params.file === null
      ? `random weights of seed ${context.seed}: ${kvBytesPerToken(shape)} B of KV a token`
      : `model ${params.file}`,
  ];
  if (!cold) notes.push("the page cache could not be dropped: cold loads may be warm");
  return { phases, verifiedBytes, notes };
}

/** Prefill, save, load cold and warm; the tokens after each load must equal those without one. */
async function measureOnce(
  engine: Awaited<ReturnType<typeof startEngine>>,
  params: Params,
  prompt: number[],
  state: string,
  timings: Timings,
): Promise<boolean> {
  const next = [301];
  await engine.clear();
  timings.prefill.push(await engine.prefill(prompt));
  const saved = await engine.save(state);
  timings.save.push(saved.seconds);
  timings.bytes = saved.bytes;
  const expected = (await engine.decode(next, params.decode)).tokens.join();
  await engine.clear();
  const dropped = dropFileFromPageCache(state);
  for (const list of [timings.cold, timings.warm]) {
    list.push((await engine.restore(state)).seconds);
    const got = (await engine.decode(next, params.decode)).tokens.join();
    if (got !== expected) {
      throw dataError(
        `${prompt.length} tokens: after the reload the engine decoded ${got}, without it ${expected}`,
        "the saved KV state is damaged, or the engine is not deterministic with these threads",
      );
    }
    await engine.clear();
  }
  return dropped;
}

function phasesOf(length: number, timings: Timings): WorkloadResult["phases"] {
  const phase = (name: string, seconds: number[], read: number, written: number) => ({
    name: `${name}-${length}`,
    seconds: seconds.reduce((a, b) => a + b, 0),
    bytesRead: read * seconds.length,
    bytesWritten: written * seconds.length,
    operations: seconds.length,
    p0Seconds: Math.min(...seconds),
    p50Seconds: quantile(seconds, 0.5),
    p99Seconds: quantile(seconds, 0.99),
  });
  return [
    phase("prefill", timings.prefill, 0, 0),
    phase("save", timings.save, 0, timings.bytes),
    phase("load-cold", timings.cold, timings.bytes, 0),
    phase("load-warm", timings.warm, timings.bytes, 0),
  ];
}

export const workload: Workload<Params> = {
  name: "llm",
  summary: "a real LLM engine: prefill against saving and reloading its KV state",
  params,
  ready: engineReady,
  setup: setupEngine,
  predict,
  run,
};
