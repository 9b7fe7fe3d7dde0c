import assert from "node:assert/strict";
import { test } from "node:test";
import { artifactJob } from "../../../src/replay/fault/spot/artifact_jobs.ts";
import { simulateSpot, type SpotRow } from "../../../src/replay/fault/spot/simulate.ts";
import { needsShared, sharedText } from "../../shared.ts";

const GOLDEN = "golden/faults/oobleck_artifact_outputs.json";
const skip = needsShared(GOLDEN, "traces/faults/oobleck");

interface Output {
  model: string;
  trace: string;
  system: string;
  samples_per_s: number;
  steps: number;
  preemptions: number;
  avg_instances: number;
  avg_cost_per_h: number;
  effective_ms: number;
  ckpt_ms: number | null;
  restart_ms: number;
  rebalance_ms: number | null;
}

const outputs: Output[] = skip ? [] : JSON.parse(sharedText(GOLDEN));

function rowsOf(trace: string): SpotRow[] {
  const names = new Map<string, number>();
  return sharedText(`traces/faults/oobleck/oobleck_${trace}.csv`).trim().split("\n").map((line) => {
    const [at, word, name] = line.trim().split(",");
    if (!names.has(name)) names.set(name, names.size);
    return { atMs: Number(at), node: names.get(name)!, add: word === "add" };
  });
}

function near(actual: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, expected ${expected}`,
  );
}

for (const o of outputs.filter((o) => o.system === "oobleck" || o.system === "varuna")) {
  test(`the ${o.system} simulator gives the artifact's result for ${o.model} at ${o.trace}`, () => {
    const system = o.system as "oobleck" | "varuna";
    const r = simulateSpot(artifactJob(system, o.model), rowsOf(o.trace));
    assert.equal(r.steps, o.steps, "steps");
    assert.equal(r.preemptions, o.preemptions, "preemptions");
    near(r.samplesPerSecond, o.samples_per_s, "samples/s");
    near(r.averageInstances, o.avg_instances, "instances");
    near(r.averageUsdPerHour, o.avg_cost_per_h, "cost");
    near(r.effectiveMs, o.effective_ms, "effective time");
    if (system === "varuna") {
      near(r.checkpointMs, o.ckpt_ms!, "checkpoint time");
      near(r.restartMs, o.restart_ms, "restart time");
    } else near(r.restartMs, o.rebalance_ms!, "rebalance time");
    // Every stretch of the wall time is one thing.
    const parts = r.usefulMs + r.lostMs + r.checkpointMs + r.firstWaitMs + r.stalledMs;
    assert.ok(parts <= r.lastStepEndMs * (1 + 1e-9), `${parts} of ${r.lastStepEndMs}`);
  });
}
