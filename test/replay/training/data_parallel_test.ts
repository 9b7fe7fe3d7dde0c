import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { profiledLayer, type StepProfile } from "../../../src/model/step_profile.ts";
import {
  asynchronousTasks,
  dataParallelTasks,
} from "../../../src/replay/training/data_parallel.ts";
import type { Machine } from "../../../src/replay/training/machine.ts";
import { microBatchesPerGpu, type StateLayout } from "../../../src/replay/training/sizing.ts";
import { runTasks, type TaskKind, type Timeline } from "../../../src/replay/training/task_graph.ts";
import { timelineFacts } from "../../../src/replay/training/timeline_facts.ts";
import { checkLanes, checkLinks } from "./timeline_checks.ts";

const rate = fc.constantFrom(0.5, 1, 3, 20);

const anyStep: fc.Arbitrary<StepProfile> = fc.record({
  layers: fc.array(
    fc.record({
      forwardSeconds: fc.integer({ min: 0, max: 4 }),
      backwardSeconds: fc.integer({ min: 0, max: 8 }),
      parameterBytes: fc.integer({ min: 1, max: 8 }),
      activationBytes: fc.integer({ min: 0, max: 4 }),
      gradientBytes: fc.integer({ min: 0, max: 8 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  microBatches: fc.integer({ min: 1, max: 9 }),
}).map(({ layers, microBatches }) => ({
  layers: layers.map((l, i) => profiledLayer(`layer ${i}`, l)),
  microBatches,
  samplesPerMicroBatch: 1,
  recompute: false,
  machine: null,
  model: null,
  source: "test",
}));

const anyMachine: fc.Arbitrary<Machine> = fc.record({
  gpus: fc.integer({ min: 1, max: 5 }),
  up: rate,
  down: rate,
  peer: rate,
  peerOverHost: fc.boolean(),
  duplexFactor: fc.constantFrom(0.6, 1),
  latencySeconds: fc.constantFrom(0, 0.001),
  perRoot: fc.integer({ min: 1, max: 4 }),
  root: fc.constantFrom(0.7, 4, Infinity),
  dram: fc.constantFrom(2, Infinity),
  ssd: rate,
  cpu: fc.constantFrom(0.5, 5, Infinity),
}).map((m) => ({
  gpus: m.gpus,
  gpuKey: null,
  memoryBytes: 1e9,
  uploadBytesPerSecond: m.up,
  downloadBytesPerSecond: m.down,
  duplexFactor: m.duplexFactor,
  latencySeconds: m.latencySeconds,
  peerBytesPerSecond: m.peer,
  peerOverHost: m.peerOverHost,
  roots: Array.from({ length: m.gpus }, (_, g) => Math.floor(g / m.perRoot)),
  rootBytesPerSecond: m.root,
  dramBytes: Infinity,
  dramBytesPerSecond: m.dram,
  ssdBytes: 1e9,
  ssdReadBytesPerSecond: m.ssd,
  ssdWriteBytesPerSecond: m.ssd / 2,
  ssdCount: 1,
  ssdName: null,
  cpuUpdatesPerSecond: m.cpu,
  gpuUpdatesPerSecond: 10,
}));

const anyLayout: fc.Arbitrary<StateLayout> = fc.record({
  place: fc.constantFrom(
    ["replicated", "gpu"] as const,
    ["partitioned", "gpu"] as const,
    ["partitioned", "host"] as const,
    ["partitioned", "ssd"] as const,
  ),
  states: fc.constantFrom("replicated" as const, "partitioned" as const),
  cpuShare: fc.constantFrom(0, 0.25, 1),
  optimizerOnSsd: fc.boolean(),
  every: fc.integer({ min: 1, max: 3 }),
  buffers: fc.integer({ min: 1, max: 4 }),
}).map(({ place: [weights, home], every, ...rest }) => ({
  ...rest,
  weights,
  home,
  recompute: (layer: number) => layer % every === 0,
}));

function near(actual: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-6 * (1 + Math.abs(expected)),
    `${what}: ${actual} instead of ${expected}`,
  );
}

/** Bytes of each kind of transfer, and seconds of computing, that `steps` steps must add up to. */
function expected(step: StepProfile, { gpus }: Machine, layout: StateLayout, steps: number) {
  const sum = (pick: (l: StepProfile["layers"][number], i: number) => number) =>
    step.layers.reduce((total, l, i) => total + pick(l, i), 0);
  const { cpuShare } = layout;
  const trained = sum((l) => l.parameters) > 0;
  const weights = sum((l) => l.parameterBytes);
  const trainedWeights = sum((l) => l.parameters > 0 ? l.parameterBytes : 0);
  const gradients = sum((l) => l.gradientBytes);
  const states = cpuShare * sum((l) => l.optimizerBytes);
  // Both passes need every layer's weights; the last layer's stay for its backward pass.
  const gathered = 2 * weights - step.layers.at(-1)!.parameterBytes;
  const partitioned = layout.weights === "partitioned";
  const others = gpus - 1;
  const cuts = layout.states === "partitioned";
  const own = trained && !partitioned && cuts && cpuShare < 1 ? (1 - cpuShare) * weights : 0;
  const micro = gpus * microBatchesPerGpu(step, gpus);
  return {
    upload: partitioned
      ? (layout.home === "gpu" ? 0 : steps * gathered)
      : cpuShare * trainedWeights,
    download: steps * cpuShare * gradients,
    collective: others *
      (steps * ((partitioned ? gathered : 0) + (cuts ? 1 : 2) * gradients + own) +
        (partitioned ? 0 : cpuShare * trainedWeights)),
    "ssd read": (partitioned && layout.home === "ssd" ? steps * gathered : 0) +
      (layout.optimizerOnSsd ? states : 0),
    "ssd write": (layout.optimizerOnSsd ? states : 0) +
      (partitioned && layout.home === "ssd" && cpuShare > 0 ? trainedWeights : 0),
    forward: steps * micro * sum((l) => l.forwardSeconds),
    backward: steps * micro * sum((l) => l.backwardSeconds),
    recompute: steps * micro * sum((l, i) => layout.recompute(i) ? l.forwardSeconds : 0),
  };
}

function check(
  timeline: Timeline,
  machine: Machine,
  sums: ReturnType<typeof expected>,
): void {
  checkLanes(timeline);
  checkLinks(machine, timeline);
  const { tasks, start, end } = timeline;
  const total = (kind: TaskKind, of: (i: number) => number) =>
    tasks.reduce((all, t, i) => all + (t.kind === kind ? of(i) : 0), 0);
  for (const kind of ["upload", "download", "collective", "ssd read", "ssd write"] as const) {
    near(total(kind, (i) => tasks[i].bytes), sums[kind], `bytes of ${kind}`);
  }
  for (const kind of ["forward", "backward", "recompute"] as const) {
    near(total(kind, (i) => end[i] - start[i]), sums[kind], `seconds of ${kind}`);
  }
  const facts = timelineFacts(timeline, machine.gpus);
  near(
    facts.computeSeconds + facts.transferWaitSeconds + facts.bubbleSeconds,
    machine.gpus * timeline.seconds,
    "computing, waiting and bubbles",
  );
}

test("data-parallel steps conserve bytes and time on any model, machine and layout", () => {
  fc.assert(
    fc.property(anyStep, anyMachine, anyLayout, (step, machine, layout) => {
      const timeline = runTasks(machine, dataParallelTasks({ step, machine, layout }));
      check(timeline, machine, expected(step, machine, layout, 1));
    }),
    { numRuns: 250, seed: 4 },
  );
});

test("rounds whose update runs beside them conserve bytes and time", () => {
  fc.assert(
    fc.property(
      anyStep,
      anyMachine,
      fc.constantFrom(0.25, 0.9, 1),
      fc.integer({ min: 1, max: 4 }),
      (step, machine, cpuShare, steps) => {
        const layout: StateLayout = {
          weights: "replicated",
          states: "partitioned",
          home: "gpu",
          cpuShare,
          optimizerOnSsd: false,
          recompute: () => false,
          buffers: 1,
        };
        const timeline = runTasks(machine, asynchronousTasks({ step, machine, layout }, steps));
        check(timeline, machine, expected(step, machine, layout, steps));
      },
    ),
    { numRuns: 150, seed: 5 },
  );
});
