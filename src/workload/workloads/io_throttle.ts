import { join } from "node:path";
import { z } from "zod";
import { rateParam } from "../../model/params.ts";
import { formatRate, formatSeconds } from "../../model/units.ts";
import { throttleReads } from "../../runtime/io_throttle.ts";
import { measuredCrossover, predictedCrossover, type RatePoint } from "../llm/crossover.ts";
import { startEngine } from "../llm/engine.ts";
import { engineReady, setupEngine } from "../llm/engine_setup.ts";
import { dropFileFromPageCache } from "../llm/page_cache.ts";
import { fitLaw } from "../llm/predict.ts";
import { kvBytesPerToken, MODEL_SHAPES, writeRandomModel } from "../llm/random_model.ts";
import type { Workload, WorkloadContext, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  model: z.enum(["29m-mha", "110m-mha", "110m-gqa"]).default("110m-mha").describe(
    "generated model",
  ),
  length: z.number().int().min(64).max(4096).default(512).describe("prompt length in tokens"),
  from: rateParam().default(4e6).describe("slowest read bandwidth"),
  to: rateParam().default(12e6).describe("fastest read bandwidth"),
  steps: z.number().int().min(2).max(20).default(5).describe("bandwidths between them"),
  threads: z.number().int().min(1).max(256).default(1).describe("CPU threads of the engine"),
});

type Params = z.infer<typeof params>;
type Engine = Awaited<ReturnType<typeof startEngine>>;

function promptOf(length: number, salt: number): number[] {
  return Array.from({ length }, (_, i) => 300 + (i * 7919 + salt * 104_729) % 9000);
}

/** Recompute time at the judged length, from prefills of other lengths only. */
async function predictRecompute(engine: Engine, length: number): Promise<number> {
  const lengths = [0.5, 0.75, 1.25].map((f) => Math.round(length * f));
  const seconds: number[] = [];
  for (const [i, n] of lengths.entries()) {
    await engine.clear();
    seconds.push(await engine.prefill(promptOf(n, 100 + i)));
  }
  const law = fitLaw(lengths, seconds, 2);
  return law.reduce((sum, c, p) => sum + c * length ** p, 0);
}

async function run(params: Params, context: WorkloadContext): Promise<WorkloadResult> {
  const shape = MODEL_SHAPES.find((s) => s.name === params.model)!;
  const modelPath = join(context.directory, "model.gguf");
  const state = join(context.directory, "state.bin");
  writeRandomModel(modelPath, shape, context.seed);
  const engine = await startEngine(modelPath, {
    contextTokens: Math.ceil(params.length * 1.25) + 64,
    threads: params.threads,
    signal: context.signal,
  });
  try {
    const predictedRecompute = await predictRecompute(engine, params.length);
    await engine.clear();
    const recompute = await engine.prefill(promptOf(params.length, 1));
    const saved = await engine.save(state);
    await engine.clear();
    // The engine's own share of a reload, from the page cache: it does not depend on the bandwidth.
    const warm = (await engine.restore(state)).seconds;
    const throttle = throttleReads(engine.pid, context.directory);
    try {
      const points = await sweep(params, engine, state, throttle.set, context);
      const predictedBytes = kvBytesPerToken(shape) * params.length;
      const predicted = predictedCrossover(predictedBytes, predictedRecompute, warm);
      return {
        phases: [
          phase(`prefill-${params.length}`, recompute, 0, 0),
          phase(`save-${params.length}`, saved.seconds, 0, saved.bytes),
          ...points.map((p) =>
            phase(`load at ${formatRate(p.bytesPerSecond)}`, p.seconds, saved.bytes, 0)
          ),
        ],
        verifiedBytes: saved.bytes,
        notes: notesOf(points, recompute, predicted, throttle.method),
      };
    } finally {
      throttle.release();
    }
  } finally {
    await engine.close();
  }
}

async function sweep(
  params: Params,
  engine: Engine,
  state: string,
  setRate: (bytesPerSecond: number) => void,
  context: WorkloadContext,
): Promise<RatePoint[]> {
  const points: RatePoint[] = [];
  for (let i = 0; i < params.steps; i++) {
    const rate = params.from * (params.to / params.from) ** (i / (params.steps - 1));
    setRate(rate);
    dropFileFromPageCache(state);
    await engine.clear();
    points.push({ bytesPerSecond: rate, seconds: (await engine.restore(state)).seconds });
    context.progress(i + 1, params.steps, formatRate(rate));
  }
  return points;
}

function phase(name: string, seconds: number, bytesRead: number, bytesWritten: number) {
  return {
    name,
    seconds,
    bytesRead,
    bytesWritten,
    operations: 1,
    p50Seconds: seconds,
    p99Seconds: seconds,
  };
}

function notesOf(
  points: readonly RatePoint[],
  recompute: number,
  predicted: number | null,
  method: string,
): string[] {
  const measured = measuredCrossover(points, recompute);
  const shown = predicted === null ? "none (reloading never pays)" : formatRate(predicted);
  if (measured === null) {
    return [
      method,
      `predicted crossover ${shown}; the sweep did not enclose the recompute time of ` +
      `${formatSeconds(recompute)}: widen it with --set from=… --set to=…`,
    ];
  }
  const error = predicted === null
    ? ""
    : `, error ${((predicted / measured - 1) * 100).toFixed(1)} %`;
  return [
    method,
    `reload is as slow as recompute at ${formatRate(measured)} (measured); ` +
    `predicted before the sweep: ${shown}${error}`,
  ];
}

export const workload: Workload<Params> = {
  name: "io-throttle",
  summary: "the read bandwidth at which reloading KV is as slow as recomputing it",
  params,
  ready: engineReady,
  setup: setupEngine,
  run,
};
