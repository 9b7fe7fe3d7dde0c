import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { profiledLayer, type StepProfile } from "../../../src/model/step_profile.ts";
import { machineOf, machineSchema } from "../../../src/replay/training/machine.ts";
import { contendingPairs, crossMapping } from "../../../src/replay/training/stages/mapping.ts";
import {
  bestPartition,
  equalBounds,
  simulate,
} from "../../../src/replay/training/stages/partition.ts";
import { pipelineTasks } from "../../../src/replay/training/stages/pipeline_tasks.ts";
import { pipelineProgram } from "../../../src/replay/training/stages/program.ts";
import { provePlan } from "../../../src/replay/training/stages/proof.ts";
import {
  type PlanMachine,
  stagesOf,
  stageTable,
} from "../../../src/replay/training/stages/residence.ts";
import { runTasks } from "../../../src/replay/training/task_graph.ts";
import { timelineFacts } from "../../../src/replay/training/timeline_facts.ts";
import { loadLinearSolver } from "../../../src/search/linear_solver.ts";
import { createRandom } from "../../../src/stats/random.ts";
import { checkLanes, checkLinks } from "./timeline_checks.ts";

/** The uniform case of the reference: 8 layers, 4 micro-batches, forward 1 s, backward 2 s, 4 B each. */
function uniform(): StepProfile {
  return {
    layers: Array.from({ length: 8 }, (_, i) =>
      profiledLayer(`layer ${i}`, {
        forwardSeconds: 1,
        backwardSeconds: 2,
        parameterBytes: 4,
        activationBytes: 0,
        gradientBytes: 0,
      })),
    microBatches: 4,
    samplesPerMicroBatch: 1,
    recompute: false,
    machine: null,
    model: null,
    source: "test",
  };
}

function planOf(gpus: number, link: number, memoryBytes: number): PlanMachine {
  return {
    gpus,
    memoryBytes,
    uploadBytesPerSecond: link,
    downloadBytesPerSecond: link,
    peerBytesPerSecond: Infinity,
  };
}

const ORACLE: readonly [
  string,
  PlanMachine,
  number,
  readonly [stages: number, seconds: number][],
][] = [
  ["2 GPUs, link 4 B/s, 16 B", planOf(2, 4, 16), 52, [[2, 64], [4, 56]]],
  ["2 GPUs, link 1 B/s, 16 B", planOf(2, 1, 16), 55, [[8, 55]]],
  ["2 GPUs, link 1 B/s, 8 B", planOf(2, 1, 8), 55, [[4, 78]]],
  ["4 GPUs, link 2 B/s, 12 B", planOf(4, 2, 12), 35, [[4, 46]]],
];

const solver = await loadLinearSolver();

for (const [name, machine, best, others] of ORACLE) {
  test(`swapped pipeline, ${name}: best ${best} s, proved by HiGHS; alternatives as the reference says`, () => {
    const step = uniform();
    const table = stageTable(step, false);
    const found = bestPartition(table, machine, null)!;
    assert.equal(found.seconds, best);
    for (const [stages, seconds] of others) {
      assert.equal(simulate(table, equalBounds(8, stages), machine).seconds, seconds);
    }
    assert.equal(provePlan(step, false, machine, found, null, solver).status, "optimal");
  });
}

test("a plan that is not optimal is beaten by HiGHS, with the optimum's time", () => {
  const step = uniform();
  const machine = ORACLE[0][1];
  const poor = simulate(stageTable(step, false), equalBounds(8, 2), machine);
  const proof = provePlan(step, false, machine, poor, null, solver);
  assert.equal(proof.status, "beaten");
  assert.ok(Math.abs(proof.seconds! - 52) < 1e-4);
});

interface Case {
  readonly step: StepProfile;
  readonly recompute: boolean;
  readonly machine: PlanMachine;
}

function randomCase(seed: number): Case {
  const random = createRandom(seed);
  const whole = (from: number, to: number) => from + Math.floor(random.float() * (to - from + 1));
  const maybe = (value: number) => random.float() < 0.5 ? 0 : value;
  const recompute = random.float() < 0.3;
  return {
    recompute,
    step: {
      ...uniform(),
      layers: Array.from({ length: whole(3, 5) }, (_, i) =>
        profiledLayer(`layer ${i}`, {
          forwardSeconds: whole(1, 4),
          backwardSeconds: whole(1, 8),
          parameterBytes: whole(1, 8),
          activationBytes: maybe(whole(0, 2) / 4),
          gradientBytes: maybe(whole(1, 4)),
        })),
      microBatches: whole(1, 3),
    },
    machine: {
      gpus: whole(1, 3),
      memoryBytes: whole(8, 30),
      uploadBytesPerSecond: whole(1, 4),
      downloadBytesPerSecond: whole(1, 4),
      peerBytesPerSecond: random.float() < 0.5 ? Infinity : whole(1, 5),
    },
  };
}

test("dynamic programming with local search is optimal on 200 random small cases, by HiGHS", () => {
  let infeasible = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { step, recompute, machine } = randomCase(seed);
    const found = bestPartition(stageTable(step, recompute), machine, null);
    let best = Infinity;
    for (let s = Math.min(machine.gpus, step.layers.length); s <= step.layers.length; s++) {
      const solved = solver(pipelineProgram(step, recompute, machine, s));
      assert.notEqual(solved.status, "other", solved.statusText);
      if (solved.status === "optimal") best = Math.min(best, solved.objective);
    }
    if (best === Infinity) {
      assert.equal(found, null, `case ${seed}`);
      infeasible++;
    } else {assert.ok(
        Math.abs(found!.seconds - best) < 1e-6,
        `case ${seed}: ${found?.seconds}, ${best}`,
      );}
  }
  assert.ok(infeasible < 60, `${infeasible} of the cases have no plan`);
});

test("the search finds what trying every partition finds, up to 11 layers", () => {
  for (let seed = 1000; seed < 1030; seed++) {
    const random = createRandom(seed);
    const base = randomCase(seed);
    const count = 8 + Math.floor(random.float() * 4);
    const layers = Array.from(
      { length: count },
      (_, i) => base.step.layers[i % base.step.layers.length],
    );
    const table = stageTable({ ...base.step, layers }, base.recompute);
    let best = Infinity;
    for (let mask = 0; mask < 1 << (count - 1); mask++) {
      const bounds = [0];
      for (let i = 1; i < count; i++) if ((mask >> (i - 1)) & 1) bounds.push(i);
      bounds.push(count);
      if (bounds.length - 1 < Math.min(base.machine.gpus, count)) continue;
      best = Math.min(best, simulate(table, bounds, base.machine).seconds);
    }
    const found = bestPartition(table, base.machine, null)?.seconds ?? Infinity;
    assert.ok(found <= best * 1.02 + 1e-9, `case ${seed}: search ${found}, exhaustive ${best}`);
  }
});

const machineParams = machineSchema.parse({});

test("tasks on links without contention end when the plan says", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { step, recompute, machine } = randomCase(seed);
    const table = stageTable(step, recompute);
    const found = bestPartition(table, machine, null);
    if (found === null) continue;
    const real = {
      ...machineOf(
        {
          ...step,
          machine: {
            gpus: machine.gpus,
            memoryBytes: machine.memoryBytes,
            linkBytesPerSecond: machine.uploadBytesPerSecond,
          },
        },
        null,
        machineParams,
      ),
      downloadBytesPerSecond: machine.downloadBytesPerSecond,
    };
    const stages = stagesOf(table, found.bounds);
    const plan = { ...machine, peerBytesPerSecond: Infinity };
    const tasks = pipelineTasks(stages, real, {
      microBatches: step.microBatches,
      gpuOfSlot: real.roots.map((_, g) => g),
      prefetch: true,
    });
    const timeline = runTasks(real, tasks);
    const last = Math.max(
      ...tasks.map((t, i) => t.kind === "backward" ? timeline.end[i] : 0),
    );
    const expected = simulate(table, found.bounds, plan).seconds;
    assert.ok(Math.abs(last - expected) < 1e-6, `case ${seed}: ${last} against ${expected}`);
  }
});

test("timelines conserve bytes and time: links never carry more than they can, lanes never overlap", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(0.5, 2, Infinity),
      fc.boolean(),
      (seed, perRoot, rootBandwidth, prefetch) => {
        const { step, recompute, machine } = randomCase(seed);
        const table = stageTable(step, recompute);
        const found = bestPartition(table, machine, null);
        if (found === null) return;
        const real = {
          ...machineOf(
            {
              ...step,
              machine: {
                gpus: machine.gpus,
                memoryBytes: machine.memoryBytes,
                linkBytesPerSecond: machine.uploadBytesPerSecond,
              },
            },
            null,
            {
              ...machineParams,
              gpusPerRoot: perRoot,
              rootBandwidth: Number.isFinite(rootBandwidth) ? rootBandwidth : null,
            },
          ),
          peerBytesPerSecond: machine.peerBytesPerSecond,
          duplexFactor: 0.7,
          latencySeconds: 0.001,
        };
        const stages = stagesOf(table, found.bounds);
        const tasks = pipelineTasks(stages, real, {
          microBatches: step.microBatches,
          gpuOfSlot: crossMapping(real.roots),
          prefetch,
        });
        const timeline = runTasks(real, tasks);
        const facts = timelineFacts(timeline, real.gpus);
        // Bytes: every stage is loaded for each pass it comes for; every gradient returns once.
        const gradients = step.layers.reduce((sum, l) => sum + l.gradientBytes, 0);
        const weights = step.layers.reduce((sum, l) => sum + l.parameterBytes, 0);
        const turns = stages.slice(-Math.min(real.gpus, stages.length));
        const stays = turns.reduce((sum, s) => sum + s.parameterBytes, 0);
        const inputs = stages.slice(0, stages.length - turns.length)
          .reduce((sum, s) => sum + step.microBatches * s.inputBytes, 0);
        assert.ok(Math.abs(facts.uploadBytes - (2 * weights - stays + inputs)) < 1e-6);
        assert.ok(Math.abs(facts.downloadBytes - (gradients + inputs)) < 1e-6);
        // Time: computing, waiting and bubbles are all of it.
        assert.ok(
          Math.abs(
            facts.computeSeconds + facts.transferWaitSeconds + facts.bubbleSeconds -
              real.gpus * facts.stepSeconds,
          ) < 1e-6 * (1 + facts.stepSeconds),
        );
        const work = stages.reduce(
          (sum, s) => sum + step.microBatches * (s.forwardSeconds + s.backwardSeconds),
          0,
        );
        assert.ok(Math.abs(facts.computeSeconds - work) < 1e-6);
        checkLanes(timeline);
        checkLinks(real, timeline);
      },
    ),
    { numRuns: 120, seed: 8 },
  );
});

test("cross mapping: neighbours under different root complexes wherever that is possible", () => {
  const two = [0, 0, 1, 1];
  assert.deepEqual(crossMapping(two), [0, 2, 1, 3]);
  assert.equal(contendingPairs([0, 1, 2, 3], two), 2);
  assert.equal(contendingPairs(crossMapping(two), two), 0);
  assert.equal(contendingPairs(crossMapping([0, 0, 0, 0]), [0, 0, 0, 0]), 4);
  const sixteen = Array.from({ length: 16 }, (_, g) => Math.floor(g / 4));
  const dealt = crossMapping(sixteen);
  assert.deepEqual([...dealt].sort((a, b) => a - b), sixteen.map((_, g) => g));
  assert.equal(contendingPairs(dealt, sixteen), 0);
});

test("a shared root complex makes sequential mapping slower than cross mapping", () => {
  const step = uniform();
  const table = stageTable(step, false);
  const stages = stagesOf(table, equalBounds(8, 8));
  const seconds = (gpuOfSlot: readonly number[]) => {
    const machine = machineOf(
      { ...step, machine: { gpus: 4, memoryBytes: 4, linkBytesPerSecond: 2 } },
      null,
      { ...machineParams, gpusPerRoot: 2, rootBandwidth: 1 },
    );
    const tasks = pipelineTasks(stages, machine, {
      microBatches: 4,
      gpuOfSlot,
      prefetch: true,
    });
    return runTasks(machine, tasks).seconds;
  };
  assert.ok(seconds([0, 2, 1, 3]) <= 51 + 1e-9);
  assert.ok(seconds([0, 1, 2, 3]) >= 54 - 1e-9);
});
