import { join } from "node:path";
import { z } from "zod";
import { dataError } from "../../model/errors.ts";
import type { LlmEngine } from "../llm/engine.ts";
import { calibrateChoice, lengthClaims } from "../llm/engine_claims.ts";
import { engineFields, lengthsParam } from "../llm/engine_params.ts";
import { engineReady, setupEngine } from "../llm/engine_setup.ts";
import { dropFileFromPageCache } from "../llm/page_cache.ts";
import { promptOf } from "../llm/prompts.ts";
import { type EngineChoice, modelBytes, modelName, withEngine } from "../llm/with_engine.ts";
import { phaseOf, quantityOf } from "../quantities.ts";
import type { Workload, WorkloadContext, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  ...engineFields,
  lengths: lengthsParam("256,512,1024"),
  repeats: z.number().int().min(1).max(100).default(5).describe("times each length is measured"),
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

function choiceOf(params: Params): EngineChoice {
  const contextTokens = Math.max(...params.lengths) + params.decode + 64;
  return { ...params, contextTokens };
}

async function run(params: Params, context: WorkloadContext): Promise<WorkloadResult> {
  const state = join(context.directory, "state.bin");
  const timings = params.lengths.map((): Timings => ({
    prefill: [],
    save: [],
    cold: [],
    warm: [],
    bytes: 0,
  }));
  const total = params.lengths.length * params.repeats;
  let cold = true;
  await withEngine(choiceOf(params), context, async (engine) => {
    // Rounds over all lengths, so that a machine that drifts does so under each of them.
    for (let repeat = 0; repeat < params.repeats; repeat++) {
      for (const [at, length] of params.lengths.entries()) {
        context.mark(`llm-${length}-${repeat}`);
        const prompt = promptOf(length, repeat);
        cold = await measureOnce(engine, params, prompt, state, timings[at]) && cold;
        context.progress(repeat * params.lengths.length + at + 1, total, `${length} tokens`);
      }
    }
  });
  return {
    ...measured(params.lengths, timings),
    notes: [
      modelName(params, context.seed),
      "the tokens decoded after each load are those decoded without it",
      ...(cold ? [] : ["the page cache could not be dropped: cold loads may be warm"]),
    ],
  };
}

/** Prefill, save, load cold and warm; the tokens after each load must equal those without one. */
async function measureOnce(
  engine: LlmEngine,
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

/** Phases, quantities and verified bytes of all lengths. */
function measured(
  lengths: readonly number[],
  timings: readonly Timings[],
): Pick<WorkloadResult, "phases" | "quantities" | "verifiedBytes"> {
  const rows = lengths.flatMap((length, at) => {
    const { prefill, save, cold, warm, bytes } = timings[at];
    return [
      { name: `prefill-${length}`, seconds: prefill, read: 0, written: 0 },
      { name: `save-${length}`, seconds: save, read: 0, written: bytes },
      { name: `load-cold-${length}`, seconds: cold, read: bytes, written: 0 },
      { name: `load-warm-${length}`, seconds: warm, read: bytes, written: 0 },
    ];
  });
  return {
    phases: rows.map(({ name, seconds, read, written }) =>
      phaseOf(name, seconds, read * seconds.length, written * seconds.length)
    ),
    quantities: Object.fromEntries(rows.flatMap(({ name, seconds, read, written }) => {
      const bytes = seconds.map(() => read + written);
      return [
        [`${name} seconds`, quantityOf(seconds)],
        ...(read + written > 0 ? [[`${name} bytes`, quantityOf(bytes)]] : []),
      ];
    })),
    // Each state was loaded twice, and the engine then decoded what it would have without.
    verifiedBytes: timings.reduce((sum, t) => sum + 2 * t.bytes * t.save.length, 0),
  };
}

export const workload: Workload<Params> = {
  name: "llm",
  summary: "a real LLM engine: prefill against saving and reloading its KV state",
  params,
  diskBytes: (p) => modelBytes(p) + 80_000 * Math.max(...p.lengths),
  ready: engineReady,
  setup: setupEngine,
  async predict(given, context) {
    const calibration = await calibrateChoice(choiceOf(given), context, given.lengths);
    return lengthClaims(calibration, given.lengths);
  },
  run,
};
