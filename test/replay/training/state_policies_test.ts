import assert from "node:assert/strict";
import { test } from "node:test";
import { modelStep } from "../../../src/generate/training_step.ts";
import type { ReplayOutcome } from "../../../src/model/policy.ts";
import { BUILTIN_HARDWARE } from "../../../src/model/profiles/builtin/hardware.ts";
import { BUILTIN_LLMS } from "../../../src/model/profiles/builtin/llm.ts";
import { stepTrace } from "../../../src/model/trace/step_trace.ts";
import { POLICIES } from "../../../src/registry/policies.ts";
import { loadLinearSolver } from "../../../src/search/linear_solver.ts";

const solver = await loadLinearSolver();

function stepOf(model: string, machine: string, batch = 8, sequence = 2048) {
  const llm = BUILTIN_LLMS.find((l) => l.name === model)!;
  const hardware = BUILTIN_HARDWARE.find((h) => h.name === machine)!;
  const step = modelStep(llm, hardware, {
    batch,
    sequence,
    microBatch: 1,
    causal: true,
    flashAttention: true,
    recompute: true,
    efficiency: null,
  });
  return { llm, hardware, step };
}

async function replay(
  name: string,
  at: ReturnType<typeof stepOf>,
  set: Record<string, unknown> = {},
): Promise<ReplayOutcome> {
  const entry = POLICIES.find((p) => p.family === "training" && p.name === name)!;
  const policy = await entry.load();
  const trace = stepTrace("step", "described", at.step);
  const run = policy.create(policy.params.parse(set), {
    meta: trace.meta,
    profiles: { hardware: at.hardware, llm: at.llm, site: null },
    seed: 1,
    seriesPoints: 100,
    solver,
  });
  for await (const batch of trace.batches()) run.feed(batch);
  return run.finish();
}

function value(outcome: ReplayOutcome, id: string): number {
  const { value, reason } = outcome.metrics[id];
  assert.equal(typeof value, "number", `${id} is unknown: ${reason}`);
  return value as number;
}

test("W34: ZeRO-Infinity writes 12 B of optimizer state a parameter: 80,860,987,392 B for Llama-2-7B", async () => {
  const outcome = await replay("zero-infinity", stepOf("llama-2-7b", "a10-x4"));
  assert.equal(value(outcome, "ssd_written_bytes"), 80_860_987_392);
  assert.equal(value(outcome, "ssd_read_bytes"), 80_860_987_392);
  const held = outcome.usage!.held.find((h) => h.tier === "ssd")!;
  assert.ok(Math.abs(held.byteSeconds / outcome.usage!.wallSeconds - 80_860_987_392) < 1);
});

test("the size example: GPT-3 175B, batch 8, 128K tokens", async () => {
  const outcome = await replay("gpu-only", stepOf("gpt3-175b", "a100_sxm-x8", 8, 131_072));
  assert.equal(value(outcome, "kv_bytes"), 4_947_802_324_992);
  assert.equal(value(outcome, "kv_bytes") + value(outcome, "layer_input_bytes"), 7_421_703_487_488);
  assert.equal(value(outcome, "activation_bytes"), 42_056_319_762_432);
  const text = outcome.notes!.join("\n");
  for (const part of ["4.95 TB", "7.42 TB", "42.1 TB", "35.6 s", "10 s"]) {
    assert.ok(text.includes(part), `the notes do not say ${part}`);
  }
  assert.equal(outcome.metrics.step_seconds.value, null);
  assert.match(outcome.metrics.step_seconds.reason!, /needs .* of memory a GPU/);
});

test("stage 3 offload moves N times what a swapped pipeline moves: 6 B a parameter and GPU against 6 B", async () => {
  const at = stepOf("opt-13b", "a10-x4");
  const parameters = at.step.layers.reduce((sum, l) => sum + l.parameters, 0);
  const zero = await replay("zero-offload", at, { stage: 3 });
  const moved = (o: ReplayOutcome) => value(o, "upload_bytes") + value(o, "download_bytes");
  // Forward and backward gather 2 B each (the last layer once), gradients 2 B, on every GPU.
  const perGpu = (moved(zero) + value(zero, "peer_bytes")) / 4;
  assert.ok(Math.abs(perGpu / (6 * parameters) - 1) < 0.02, `${perGpu / parameters} B a parameter`);
  const mobius = await replay("mobius", at);
  const inputs = at.step.layers.reduce((sum, l) => sum + 8 * l.inputBytes, 0);
  const states = moved(mobius) - 2 * inputs;
  assert.ok(states <= 6 * parameters && states > 5.5 * parameters, `${states / parameters}`);
  assert.ok(value(mobius, "step_seconds") < value(zero, "step_seconds"));
});

test("four GPUs behind one root complex: a swapped pipeline gains what Mobius reports, 3.8 to 5.1x", async () => {
  const at = stepOf("opt-13b", "rtx3090", 4);
  const server = { gpus: 4, link: 13e9, rootBandwidth: 13e9, peer: "host" };
  const ratio = async (gpusPerRoot: number) => {
    const set = { ...server, gpusPerRoot };
    const mobius = value(await replay("mobius", at, set), "step_seconds");
    return value(await replay("zero-offload", at, { ...set, stage: 3 }), "step_seconds") / mobius;
  };
  const shared = await ratio(4);
  assert.ok(shared > 3.8 && shared < 5.1, `${shared}`);
  // Two root complexes halve the contention that data parallelism suffers from.
  assert.ok(await ratio(2) < shared);
});

test("the twin-flow ratio trades host links and CPU for GPU memory, step by step", async () => {
  const at = stepOf("llama-2-7b", "a10-x4");
  let before = { seconds: -1, peak: Infinity, up: -1 };
  for (const ratio of [0.4, 0.6, 0.8, 1]) {
    const outcome = await replay("zero-offload++", at, { ratio, stage: 2, memory: 80e9 });
    const now = {
      seconds: value(outcome, "step_seconds"),
      peak: value(outcome, "gpu_peak_bytes"),
      up: value(outcome, "upload_bytes"),
    };
    assert.ok(now.seconds >= before.seconds && now.peak < before.peak && now.up > before.up);
    before = now;
  }
  const all = await replay("zero-offload++", at, { ratio: 1, stage: 2, memory: 80e9 });
  const offload = await replay("zero-offload", at, { stage: 2, memory: 80e9 });
  assert.equal(value(all, "step_seconds"), value(offload, "step_seconds"));
});

test("ZenFlow hides the CPU's update and moves (1-k)(1 + 1/every) of the model's size", async () => {
  const at = stepOf("llama-2-7b", "a100_sxm-x4");
  const zen = await replay("zenflow", at, { selected: 0.1, every: 4 });
  const offload = await replay("zero-offload", at, { stage: 2 });
  assert.ok(value(zen, "step_seconds") < value(offload, "step_seconds"));
  const model = at.step.layers.reduce((sum, l) => sum + l.parameterBytes, 0);
  const moved = value(zen, "upload_bytes") + value(zen, "download_bytes");
  assert.ok(Math.abs(moved / model - 0.9 * 1.25) < 1e-3, `${moved / model}`);
});

test("recomputation: as few layers as fit, each costs time and frees activations", async () => {
  const at = stepOf("llama-2-7b", "a100_sxm-x4", 64);
  const auto = await replay("activation-recompute", at);
  const layers = value(auto, "recomputed_layers");
  assert.ok(layers > 0 && layers < at.step.layers.length, `${layers} layers`);
  const fewer = await replay("activation-recompute", at, { layers: layers - 1 });
  assert.equal(fewer.metrics.step_seconds.value, null, "one layer fewer does not fit");
  const more = await replay("activation-recompute", at, { layers: layers + 4 });
  assert.ok(value(more, "step_seconds") > value(auto, "step_seconds"));
  assert.ok(value(more, "gpu_peak_bytes") < value(auto, "gpu_peak_bytes"));
});

test("W29 and W30: FlexGen's cost model with the published constants", async () => {
  const fixed = { rates: "t4", batch: 48, batches: 3, percent: "20 80 0 100 0 100" };
  const small = await replay("flexgen-lp", stepOf("opt-30b", "t4"), fixed);
  assert.ok(Math.abs(value(small, "prefill_layer_seconds") - 4.38897) < 1e-5);
  assert.ok(Math.abs(value(small, "decode_layer_seconds") - 0.2924) < 1e-5);
  assert.ok(Math.abs(value(small, "generated_tokens_per_second") - 7.1357) < 5e-5);
  const disk = { rates: "t4", batch: 32, batches: 8, percent: "0 50 0 0 0 100" };
  const large = await replay("flexgen-lp", stepOf("opt-175b", "t4"), disk);
  assert.ok(Math.abs(value(large, "generated_tokens_per_second") - 0.15438) < 5e-6);
});

test("FlexGen's program is at least as fast as every placement on a coarse grid that fits", async () => {
  const at = stepOf("opt-30b", "t4");
  const best = value(
    await replay("flexgen-lp", at, { rates: "t4", batch: 32, batches: 2 }),
    "generated_tokens_per_second",
  );
  for (
    const percent of ["0 100 0 100 0 100", "0 100 0 50 0 100", "0 80 0 0 0 100", "0 90 0 60 0 100"]
  ) {
    const outcome = await replay("flexgen-lp", at, { rates: "t4", batch: 32, batches: 2, percent });
    const fits = value(outcome, "gpu_peak_bytes") <= 0.8 * 15 * 2 ** 30 &&
      value(outcome, "host_held_bytes") <= 0.8 * 204 * 2 ** 30;
    if (fits) {
      assert.ok(value(outcome, "generated_tokens_per_second") <= best * (1 + 1e-9), percent);
    }
  }
});
