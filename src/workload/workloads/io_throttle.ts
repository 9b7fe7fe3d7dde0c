import { join } from "node:path";
import { z } from "zod";
import { crossoverBandwidth, engineTime } from "../../model/engine_time.ts";
import { dataError } from "../../model/errors.ts";
import { rateParam } from "../../model/params.ts";
import type { MeasuredQuantity } from "../../model/prediction.ts";
import { formatRate, formatSeconds } from "../../model/units.ts";
import { throttleReads } from "../../runtime/io_throttle.ts";
import { measuredCrossover, rateBeyond, type RatePoint } from "../llm/crossover.ts";
import type { LlmEngine } from "../llm/engine.ts";
import { calibrateChoice, calibrationInputs } from "../llm/engine_claims.ts";
import { engineFields, lengthsParam } from "../llm/engine_params.ts";
import { engineReady, setupEngine } from "../llm/engine_setup.ts";
import { median } from "../llm/least_squares.ts";
import { dropFileFromPageCache } from "../llm/page_cache.ts";
import { promptOf } from "../llm/prompts.ts";
import { type EngineChoice, modelBytes, modelName, withEngine } from "../llm/with_engine.ts";
import { phaseOf, quantityOf } from "../quantities.ts";
import type { Workload, WorkloadContext, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  ...engineFields,
  lengths: lengthsParam("256,512"),
  from: rateParam().default(4e6)
    .describe("slowest read bandwidth; widened where the crossover lies below"),
  to: rateParam().default(12e6)
    .describe("fastest read bandwidth; widened where the crossover lies above"),
  steps: z.number().int().min(2).max(20).default(5).describe("bandwidths between them"),
});

type Params = z.infer<typeof params>;

/** Tokens decoded after each load, to compare with those without it. */
const DECODED = 4;

/** Points that a sweep may add where its range does not enclose the recompute time. */
const MOST_WIDENINGS = 6;

/** What the predicted crossover may be off by. */
const WITHIN = 0.2;

function choiceOf(params: Params): EngineChoice {
  return { ...params, contextTokens: Math.ceil(Math.max(...params.lengths) * 1.25) + 64 };
}

/** The sweep of one prompt length. */
interface Sweep {
  readonly length: number;
  readonly stateBytes: number;
  readonly saveSeconds: number;
  readonly recomputeSeconds: readonly number[];
  readonly points: readonly RatePoint[];
}

async function sweepLength(
  engine: LlmEngine,
  length: number,
  params: Params,
  state: string,
  setRate: (bytesPerSecond: number) => void,
  onPoint: (what: string) => void,
): Promise<Sweep> {
  const recomputeSeconds: number[] = [];
  const recompute = async (salt: number) => {
    await engine.clear();
    recomputeSeconds.push(await engine.prefill(promptOf(length, salt)));
  };
  await recompute(0);
  const saved = await engine.save(state);
  const expected = (await engine.decode([301], DECODED)).tokens.join();
  const points: RatePoint[] = [];
  const measure = async (rate: number) => {
    setRate(rate);
    dropFileFromPageCache(state);
    await engine.clear();
    points.push({ bytesPerSecond: rate, seconds: (await engine.restore(state)).seconds });
    const got = (await engine.decode([301], DECODED)).tokens.join();
    if (got !== expected) {
      throw dataError(
        `${length} tokens at ${formatRate(rate)}: after the reload the engine decoded ${got}, ` +
          `without it ${expected}`,
        "the saved KV state is damaged",
      );
    }
    // Recomputing between the loads sees the machine in the same state as they do.
    await recompute(points.length);
    onPoint(`${length} tokens at ${formatRate(rate)}`);
  };
  for (let i = 0; i < params.steps; i++) {
    await measure(params.from * (params.to / params.from) ** (i / (params.steps - 1)));
  }
  for (let more = 0; more < MOST_WIDENINGS; more++) {
    const rate = rateBeyond(points, median(recomputeSeconds));
    if (rate === null) break;
    await measure(rate);
  }
  points.sort((a, b) => a.bytesPerSecond - b.bytesPerSecond);
  return {
    length,
    stateBytes: saved.bytes,
    saveSeconds: saved.seconds,
    recomputeSeconds,
    points,
  };
}

async function run(params: Params, context: WorkloadContext): Promise<WorkloadResult> {
  const state = join(context.directory, "state.bin");
  const sweeps: Sweep[] = [];
  const total = params.lengths.length * params.steps;
  let done = 0;
  const method = await withEngine(choiceOf(params), context, async (engine) => {
    await engine.prefill(promptOf(64, 99));
    const throttle = throttleReads(engine.pid, context.directory);
    try {
      for (const length of params.lengths) {
        context.mark(`io-throttle-${length}`);
        sweeps.push(
          await sweepLength(
            engine,
            length,
            params,
            state,
            throttle.set,
            (what) => context.progress(++done, Math.max(total, done), what),
          ),
        );
      }
    } finally {
      throttle.release();
    }
    return throttle.method;
  });
  return {
    phases: sweeps.flatMap(phasesOf),
    // After each load the engine decoded what it would have without.
    verifiedBytes: sweeps.reduce((sum, s) => sum + s.stateBytes * s.points.length, 0),
    quantities: Object.fromEntries(sweeps.flatMap(crossoverQuantity)),
    notes: [modelName(params, context.seed), method, ...sweeps.map(noteOf)],
  };
}

function phasesOf(sweep: Sweep): WorkloadResult["phases"] {
  return [
    phaseOf(`prefill-${sweep.length}`, sweep.recomputeSeconds),
    phaseOf(`save-${sweep.length}`, [sweep.saveSeconds], 0, sweep.stateBytes),
    ...sweep.points.map((p) =>
      phaseOf(
        `load-${sweep.length} at ${formatRate(p.bytesPerSecond)}`,
        [p.seconds],
        sweep.stateBytes,
      )
    ),
  ];
}

/** The crossover with the recompute times' median, and with their fastest and slowest. */
function crossoverQuantity(
  { length, points, recomputeSeconds }: Sweep,
): [string, MeasuredQuantity][] {
  const found = [
    median(recomputeSeconds),
    Math.min(...recomputeSeconds),
    Math.max(...recomputeSeconds),
  ].map((seconds) => measuredCrossover(points, seconds));
  if (found[0] === null) return [];
  const all = found.filter((x) => x !== null);
  return [[`crossover-${length} bandwidth`, {
    ...quantityOf(all),
    value: found[0],
    repeats: recomputeSeconds.length,
  }]];
}

function noteOf({ length, points, recomputeSeconds }: Sweep): string {
  const recompute = median(recomputeSeconds);
  const crossover = measuredCrossover(points, recompute);
  return crossover === null
    ? `${length} tokens: the sweep, widened ${MOST_WIDENINGS} times, did not enclose the recompute time of ${
      formatSeconds(recompute)
    }: widen it with --set from=… --set to=…`
    : `${length} tokens: reloading is as slow as recomputing at ${formatRate(crossover)}`;
}

export const workload: Workload<Params> = {
  name: "io-throttle",
  summary: "the read bandwidth at which reloading KV is as slow as recomputing it",
  params,
  diskBytes: (p) => modelBytes(p) + 80_000 * Math.max(...p.lengths),
  ready: engineReady,
  setup: setupEngine,
  async predict(given, context) {
    const calibration = await calibrateChoice(choiceOf(given), context, given.lengths);
    const { profile, residuals } = calibration;
    return {
      claims: given.lengths.flatMap((length) => {
        const bandwidth = crossoverBandwidth(profile, length);
        if (bandwidth === null) return [];
        const bytes = engineTime(profile, null).stateBytes(length);
        return [{
          quantity: `crossover-${length} bandwidth`,
          unit: "bytesPerSecond" as const,
          predicted: bandwidth,
          low: null,
          high: null,
          within: WITHIN,
          assumption:
            `a limited load of ${bytes} bytes takes bytes/limit plus the engine's own share`,
          calibrationResidual: residuals.prefill,
        }];
      }),
      inputs: calibrationInputs(calibration),
    };
  },
  run,
};
