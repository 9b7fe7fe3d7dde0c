import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as math from "../../../src/model/llm_math.ts";
import { BUILTIN_LLMS } from "../../../src/model/profiles/builtin/llm.ts";
import type { LlmProfile } from "../../../src/model/profiles/llm.ts";
import {
  createTiming,
  type DecodeLoad,
  IDLE_LOAD,
  type Timing,
} from "../../../src/replay/offload/timing.ts";
import { hardware, llm, PLAIN_HARDWARE, serve } from "./serve.ts";

const near = (a: number, b: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(a - b) <= tolerance * Math.abs(b) + 1e-15, `${a} is not ${b}`);

function timing(model: LlmProfile, tensorParallel: number, stages: number): Timing {
  return createTiming({
    llm: model,
    tensorParallel,
    stages,
    flops: tensorParallel * stages * 5e14,
    memoryBytesPerSecond: tensorParallel * stages * 3e12,
    gpuBytesPerSecond: 400e9,
    overheadSeconds: 1e-4,
    maxSequences: 64,
  });
}

/** Sequences of these lengths that decode together. */
function load(model: LlmProfile, lengths: readonly number[]): DecodeLoad {
  const window = model.slidingWindow?.tokens ?? 0;
  const sum = (pick: (n: number) => number) => lengths.reduce((all, n) => all + pick(n), 0);
  return {
    size: lengths.length,
    context: sum((n) => n),
    windowContext: sum((n) => Math.min(n, window)),
    growing: sum((n) => n < window ? 1 : 0),
  };
}

const range = (count: number, each: number) => new Array<number>(count).fill(each);

const NOTHING = { tokens: 0, pairs: 0, extraFlops: 0, contextRead: 0, windowRead: 0 };

test("decoding in closed form is the sum of its iterations, for every shape and parallelism", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...BUILTIN_LLMS),
      fc.constantFrom([1, 1], [8, 1], [4, 2], [1, 4]),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 80 }),
      (model, [tp, pp], sequences, each, wanted) => {
        const engine = timing(model, tp, pp);
        const window = model.slidingWindow?.tokens ?? 0;
        const steps = each < window ? Math.min(wanted, window - each) : wanted;
        let sum = 0;
        for (let s = 0; s < steps; s++) {
          sum += engine.iteration(NOTHING, load(model, range(sequences, each + s)));
        }
        near(engine.decode(load(model, range(sequences, each)), steps), sum, 1e-9);
      },
    ),
    { numRuns: 200 },
  );
});

test("beyond its window a layer reads and attends to no more", () => {
  const model = BUILTIN_LLMS.find((m) => m.slidingWindow !== null)!;
  const { tokens, layers } = model.slidingWindow!;
  const engine = timing(model, 1, 1);
  const plain = timing({ ...model, slidingWindow: null }, 1, 1);
  const at = (t: Timing, context: number) => t.iteration(NOTHING, load(model, [context]));
  near(at(engine, tokens), at(plain, tokens));
  const saved = layers * math.kvBytesPerTokenLayer(model) * 1000 / 3e12;
  near(at(plain, tokens + 1000) - at(engine, tokens + 1000), saved, 1e-6);
  assert.equal(math.restoredShare(model, 0, tokens), 1);
  near(
    math.restoredShare(model, 0, 2 * tokens),
    (model.layers - layers + layers / 2) / model.layers,
  );
  assert.equal(
    math.restoredShare(model, 0, 2 * tokens) * 2 * tokens * math.kvBytesPerToken(model),
    math.kvBytesOfSequence(model, 2 * tokens),
  );
});

test("KV is sharded over the ranks of a layer, replicated beyond its heads, and MLA's latent always", async () => {
  const bytes = async (name: string, gpus: number, pipeline: number) => {
    const { outcome } = await serve("kv-offload", [{ at: 0, input: 64, output: 1, blocks: [0] }], {
      gpus,
      pipeline,
      gpuBlocks: 100,
    }, { llm: llm(name) });
    return Number(outcome.detail!.storedBytesPerBlock) / 64;
  };
  const plain = math.kvBytesPerToken(llm("llama-3-70b"));
  assert.equal(await bytes("llama-3-70b", 8, 1), plain);
  assert.equal(await bytes("llama-3-70b", 16, 1), 2 * plain);
  assert.equal(await bytes("llama-3-70b", 16, 2), plain, "stages hold different layers");
  const latent = math.kvBytesPerToken(llm("deepseek-v3"));
  assert.equal(await bytes("deepseek-v3", 8, 1), 8 * latent);
  assert.equal(await bytes("deepseek-v3", 8, 8), latent);
});

test("pipeline stages speed computing up, but not the time of one token", () => {
  const model = llm("llama-3-8b");
  const [one, staged] = [timing(model, 1, 1), timing(model, 1, 4)];
  const prompt = { ...NOTHING, tokens: 8192, pairs: math.attentionPairs(model, 0, 8192) };
  near(
    staged.iteration(prompt, IDLE_LOAD) - 4e-4,
    (one.iteration(prompt, IDLE_LOAD) - 1e-4) / 4,
    0.02,
  );
  assert.ok(
    staged.iteration(NOTHING, load(model, [100])) >= one.iteration(NOTHING, load(model, [100])),
  );
});

test("a mixture reads more experts with more tokens, up to all of them", () => {
  const model = llm("deepseek-v3");
  const read = [1, 8, 64, 4096].map((tokens) => math.weightBytesRead(model, tokens));
  for (let i = 1; i < read.length; i++) assert.ok(read[i] > read[i - 1]);
  const active = read[0] / model.weightBytesPerElement;
  assert.ok(active > 30e9 && active < 45e9, `${active} parameters for one token`);
});

test("every attention is replayed, and GPUs that cannot be split into stages are refused", async () => {
  for (const attention of ["MHA", "GQA", "MQA", "MLA"] as const) {
    const found = BUILTIN_LLMS.find((m) => m.attention === attention);
    const model = found ?? { ...llm("llama-3-8b"), attention, kvHeads: 1 };
    const machine = {
      ...PLAIN_HARDWARE,
      gpu: { ...PLAIN_HARDWARE.gpu!, count: 32 },
    };
    const { metric } = await serve("kv-offload", [{ at: 0, input: 640, output: 5 }], {}, {
      llm: model,
      hardware: machine,
    });
    assert.equal(metric("completed_requests"), 1, attention);
  }
  await assert.rejects(
    serve("none", [{ at: 0, input: 64, output: 1 }], { gpus: 4, pipeline: 3 }),
    /pipeline=3: 4 GPUs/,
  );
});

test("HCache's testbed gives its splits: OPT-30B 40 + 8 and 2.400x storage, Llama-2-7B 31 + 1 and 1.939x", async () => {
  const split = async (model: string, gpus: number) => {
    const rows = [{ at: 0, input: 64, output: 1, blocks: [0] }];
    const profiles = { llm: llm(model), hardware: hardware("hcache-testbed") };
    const { outcome } = await serve("hcache", rows, { gpus }, profiles);
    const stored = Number(outcome.detail!.storedBytesPerBlock) / 64;
    const ratio = math.kvBytesPerToken(llm(model)) / stored;
    return `${ratio.toFixed(3)} ${outcome.notes!.find((note) => /^Of /.test(note))}`;
  };
  assert.match(
    await split("opt-30b", 4),
    /^2\.400 Of 48 layers 40 are restored .* and 8 recomputed/,
  );
  assert.match(
    await split("llama-2-7b", 1),
    /^1\.939 Of 32 layers 31 are restored .* and 1 loaded/,
  );
});

test("where every rank keeps a copy, the thresholds are those of all copies", async () => {
  const table = async (gpus: number) => {
    const { outcome } = await serve("kv-offload", [{ at: 0, input: 64, output: 1, blocks: [0] }], {
      gpus,
      gpuBlocks: 100,
    }, { llm: llm("deepseek-v3") });
    return outcome.detail!.breakEven as Record<string, number>;
  };
  const [one, eight] = [await table(1), await table(8)];
  assert.deepEqual([one.kvCopies, eight.kvCopies], [1, 8]);
  // Eight times the FLOPS to beat, with eight times the bytes to load, over eight times the links.
  const threshold = (t: Record<string, number>) => t.kvBeatsRecomputeBytesPerSecond;
  near(threshold(eight), 64 * threshold(one));
  near(eight.kvSeconds, one.kvSeconds);
});

test("each sequence attends to its own window: long ones do not stand in for short ones", async () => {
  const model = { ...llm("llama-3-8b"), slidingWindow: { layers: 24, tokens: 256 } };
  const lengths = [[200, 100], [1000, 300], [40, 40]];
  const rows = lengths.map(([input, output]) => ({ at: 0, input, output }));
  const { requests } = await serve("none", rows, {}, { llm: model });
  // One prefill of all, then steps until each has its tokens; with whole numbers of tokens a step.
  const engine = createTiming({
    llm: model,
    tensorParallel: 1,
    stages: 1,
    flops: 0.5e15,
    memoryBytesPerSecond: 2e12,
    gpuBytesPerSecond: 400e9,
    overheadSeconds: 0,
    maxSequences: 256,
  });
  let clock = requests[0].ttftSeconds;
  const left = lengths.map(([input, output]) => ({ length: input, left: output - 1, end: 0 }));
  while (left.some((s) => s.left > 0)) {
    const running = left.filter((s) => s.left > 0);
    clock += engine.iteration(NOTHING, load(model, running.map((s) => s.length)));
    for (const s of running) {
      s.length++;
      if (--s.left === 0) s.end = clock;
    }
  }
  left.forEach(({ end }, i) => near(requests[i].latencySeconds, end, 1e-9));
});
