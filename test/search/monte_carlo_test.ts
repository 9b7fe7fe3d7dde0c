import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultTraceParams } from "../../src/stats/failure_process.ts";
import {
  completionMoments,
  completionTime,
  completionTimeImmune,
} from "../../src/replay/fault/completion.ts";
import {
  asyncGoodput,
  renewalGoodput,
  twoLevel,
  weibullSurvival,
} from "../../src/replay/fault/forms/goodput.ts";
import { stallShare } from "../../src/replay/fault/forms/spares.ts";
import { POLICIES } from "../../src/registry/policies.ts";
import { runSeeds, type SeedSummary } from "../../src/search/monte_carlo.ts";
import { gamma } from "../../src/stats/gamma.ts";

const LLAMA_MTBF = 54 * 86_400 / 419;

async function seeds(
  policy: string,
  set: Record<string, unknown>,
  generator: Partial<FaultTraceParams>,
  metrics: string[],
  count: number,
  workers = 1,
): Promise<Map<string, SeedSummary>> {
  const entry = POLICIES.find((p) => p.family === "fault" && p.name === policy)!;
  const params = (await entry.load()).params.parse(set);
  return await runSeeds({
    policy,
    params,
    generator: {
      nodes: 64,
      spanSeconds: 3e6,
      mtbfSeconds: 1440,
      shape: 1,
      meanDownSeconds: 60,
      ...generator,
    },
    metrics,
    seeds: count,
    firstSeed: 1,
    workers,
  });
}

/** |mean - expected| within four standard errors; `deviation` is the known one where there is one. */
function within(summary: SeedSummary, expected: number, what: string, deviation?: number): void {
  const error = (deviation ?? summary.deviation) / Math.sqrt(summary.values.length);
  const z = (summary.mean - expected) / error;
  assert.ok(Math.abs(z) < 4, `${what}: ${summary.mean}, expected ${expected} (z ${z.toFixed(2)})`);
}

const classic = { useful: 30_000, interval: 120, checkpoint: 5, restart: 10 };
const model = { ...classic, mtbf: 1440 };

test("seeded completion times meet F4 when failures can hit restarts", async () => {
  const mc = await seeds(
    "periodic-sync",
    { ...classic, restartImmune: false },
    { spanSeconds: 60_000 },
    ["wall_seconds"],
    600,
  );
  within(mc.get("wall_seconds")!, completionTime(model), "F4");
});

test("seeded completion times meet F5 with the variance of F7 when restarts are immune", async () => {
  const mc = await seeds(
    "periodic-sync",
    classic,
    { spanSeconds: 60_000 },
    ["wall_seconds"],
    600,
  );
  const { mean, variance } = completionMoments(model);
  assert.ok(Math.abs(mean - completionTimeImmune(model)) < 1e-6);
  within(mc.get("wall_seconds")!, mean, "F5", Math.sqrt(variance));
});

for (const persist of [0, 120, 600]) {
  test(`seeded goodput of two-phase checkpoints meets F10 at p=${persist}`, async () => {
    const job = { interval: 600, checkpoint: 2, persist, restart: 300 };
    const mc = await seeds(
      "periodic-async",
      { ...job, useful: 3e6 },
      { mtbfSeconds: LLAMA_MTBF, spanSeconds: 5e6 },
      ["wall_seconds"],
      80,
    );
    const g = asyncGoodput({ ...job, block: 2, mtbf: LLAMA_MTBF });
    within(mc.get("wall_seconds")!, 3e6 / g, "F10");
  });
}

for (const shape of [0.7, 1.5]) {
  test(`seeded goodput under Weibull gaps of shape ${shape} meets F11`, async () => {
    const job = { interval: 600, checkpoint: 2, persist: 120, restart: 300 };
    const mc = await seeds(
      "periodic-async",
      { ...job, useful: 3e6 },
      { mtbfSeconds: LLAMA_MTBF, shape, pauseSeconds: 300, spanSeconds: 5e6 },
      ["wall_seconds"],
      80,
    );
    const scale = LLAMA_MTBF / gamma(1 + 1 / shape);
    const g = renewalGoodput(
      { ...job, block: 2, mtbf: LLAMA_MTBF },
      weibullSurvival(scale, shape),
    );
    within(mc.get("wall_seconds")!, 3e6 / g, "F11");
  });
}

for (const remoteShare of [0, 0.0667]) {
  test(`seeded cycles of two-level checkpoints meet F12 at h=${remoteShare}`, async () => {
    const cycles = 20;
    const mc = await seeds(
      "two-level",
      {
        useful: 65 * 166 * cycles,
        memoryInterval: 65,
        memoryBlock: 0,
        remoteEvery: 166,
        remoteShare,
        memoryRestart: 250,
        restart: 2600,
      },
      { mtbfSeconds: 11_139, spanSeconds: 2e6 },
      ["wall_seconds"],
      200,
    );
    const { cycle } = twoLevel({
      segment: 65,
      useful: 65,
      segmentsPerRemote: 166,
      mtbf: 11_139,
      remoteShare,
      restartMemory: 250,
      restartRemote: 2600,
    });
    within(mc.get("wall_seconds")!, cycle * cycles, "F12");
  });
}

test("seeded stalls of a job with spares meet Erlang's formula F16", async () => {
  const nodes = 2048;
  const spares = 8;
  const load = nodes * 0.00379;
  const mc = await seeds(
    "hot-spares",
    {
      useful: 150 * 86_400,
      interval: 150 * 86_400,
      checkpoint: 0,
      gpus: nodes * 8,
      spares,
      hot: 0,
      requeue: 0,
      quiet: true,
    },
    {
      nodes: 4_000_000,
      mtbfSeconds: 86_400 / load,
      spanSeconds: 150 * 86_400,
      meanDownSeconds: 86_400,
    },
    ["stall_seconds"],
    40,
  );
  // Until the trace ends; the rest of the work after it meets no failure.
  within(mc.get("stall_seconds")!, stallShare(spares, load) * 150 * 86_400, "F16");
});

test("the number of workers does not show in the seeds", async () => {
  const one = await seeds("periodic-sync", classic, {}, ["wall_seconds", "lost_seconds"], 60, 1);
  const two = await seeds("periodic-sync", classic, {}, ["wall_seconds", "lost_seconds"], 60, 2);
  assert.deepEqual(two, one);
});
