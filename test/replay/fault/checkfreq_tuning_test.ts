import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { tuneCheckFreq } from "../../../src/replay/fault/forms/checkfreq.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";
import { createSchedule, segmentSecondsAfter } from "../../../src/replay/fault/schedule.ts";
import { eventArbitrary, loadFaultPolicies, runPolicy, valueOf } from "./policy_runs.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

const checkfreq = (await loadFaultPolicies()).find((p) => p.name === "checkfreq")!;

test("the tuner adds two iterations a window until the overhead fits the budget", () => {
  // A checkpoint blocks 2 s, iterations take 1 s: 5 % want 40 iterations.
  const tuned = tuneCheckFreq(
    35,
    { iteration: 1, budget: 0.05 },
    { block: 2, persist: 10 },
    1,
    1e6,
  );
  assert.deepEqual(tuned, { every: 41, lead: [35, 35, 37, 39] });
  const slower = tuneCheckFreq(
    35,
    { iteration: 1, budget: 0.05 },
    { block: 2, persist: 10 },
    2,
    1e6,
  );
  assert.deepEqual(slower.lead, [35, 35, 35, 37, 37, 39, 39]);
});

test("the tuner leaves an interval that keeps the budget, and counts waits for the last persist", () => {
  const budget = { iteration: 1, budget: 0.05 };
  assert.deepEqual(tuneCheckFreq(40, budget, { block: 2, persist: 10 }, 1, 1e6).lead, []);
  // The persist takes 50 s: at 40 iterations the next checkpoint waits 10 s.
  assert.equal(tuneCheckFreq(40, budget, { block: 2, persist: 50 }, 1, 1e6).every, 50);
});

test("the tuner stops with the job", () => {
  const tuned = tuneCheckFreq(1, { iteration: 1, budget: 1e-9 }, { block: 9, persist: 0 }, 1, 100);
  assert.ok(tuned.lead.reduce((sum, k) => sum + k, 0) < 130);
});

test("without failures an adaptive run takes its time plus a block for each checkpoint it wrote", () => {
  const set = { useful: 10_000, iteration: 1, cpuSnapshot: 1.5, update: 0.5, persist: 5 };
  const outcome = runPolicy(checkfreq, [], { ...set, measuredBlock: 3, adaptive: true });
  // Algorithm 1: T_o = 1.5 - 0.5 = 1 s, k = 20. 3 s in 5 %: k = 60, first 20 and 20, 22, ..., 58.
  assert.equal(valueOf(outcome, "checkpoint_every_iterations"), 60);
  const climb = 20 + 20 * (20 + 58) / 2;
  const saves = 21 + Math.ceil((10_000 - climb) / 60);
  assert.equal(valueOf(outcome, "checkpoint_count"), saves);
  assert.ok(Math.abs(valueOf(outcome, "wall_seconds") - (10_000 + 3 * saves)) < 1e-6);
  const plain = runPolicy(checkfreq, [], { ...set, measuredBlock: 3 });
  assert.equal(valueOf(plain, "checkpoint_every_iterations"), 20);
});

test("segments of a lead have their own lengths, and waits count where they are short", () => {
  const job = { usefulSeconds: 1000, iterationSeconds: 10, restartImmune: true };
  const spec = {
    segmentSeconds: 100,
    blockSeconds: 0,
    remoteEvery: 1,
    remoteBlockSeconds: 1,
    persistSeconds: 50,
    finalSave: true,
    leadSeconds: [20, 20, 40],
  };
  const schedule = createSchedule(job, spec);
  assert.deepEqual([1, 2, 3, 4, 5].map(schedule.workOf), [20, 40, 80, 180, 280]);
  assert.equal(schedule.segments, 13);
  assert.deepEqual([0, 2, 3].map((m) => segmentSecondsAfter(spec, m)), [20, 40, 100]);
  // The 2nd save waits 30 s for the 1st, the 3rd 10 s, the 4th not; the last segment has 20 s and waits 30.
  assert.equal(schedule.wallOf(0, 0, 1, 4), 180 + 4 + 30 + 10);
  assert.equal(schedule.wallOf(0, 0, 1, 13), 1000 + 13 + 30 + 10 + 30);
  const recorded = createSchedule({ ...job, iterationEnds: [10, 20] }, spec);
  assert.deepEqual([1, 2, 3, 4, 5].map(recorded.workOf), [20, 40, 80, 180, 280]);
});

test("an adaptive run keeps the rules of every run, alone and on a shared store", () => {
  const events = fc.array(eventArbitrary(["software", "node", "gpu"]), { maxLength: 8 });
  const set = { iteration: 10, cpuSnapshot: 10, update: 1, persist: 100, adaptive: true };
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 3 }), (list, window) => {
      const given = { ...set, measuredBlock: 20, measuredPersist: 150, window };
      const alone = runPolicy(checkfreq, list, given);
      const shared = runPolicy(checkfreq, list, { ...given, shared: { bandwidth: 1e18, jobs: 1 } });
      const phases = Object.values(PHASE_METRICS).reduce((sum, id) => sum + valueOf(alone, id), 0);
      assert.ok(Math.abs(phases - valueOf(alone, "wall_seconds")) < 1e-3);
      assert.ok(Math.abs(valueOf(alone, "useful_seconds") - 50_000) < 1e-3);
      for (const id of ["wall_seconds", "checkpoint_count"]) {
        const [a, b] = [valueOf(alone, id), valueOf(shared, id)];
        assert.ok(Math.abs(a - b) <= 1e-5 * a, `${id}: alone ${a}, shared ${b}`);
      }
    }),
    { numRuns: 40 },
  );
});
