import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createIterations } from "../../../src/replay/fault/iterations.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";
import { createSchedule } from "../../../src/replay/fault/schedule.ts";
import { loadFaultPolicies, runPolicy, valueOf } from "./policy_runs.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

const policies = await loadFaultPolicies();
const lengths = fc.array(fc.double({ min: 1, max: 60, noNaN: true }), {
  minLength: 1,
  maxLength: 20,
});

function endsOf(seconds: readonly number[]): number[] {
  let end = 0;
  return seconds.map((s) => end += s);
}

test("recorded iterations repeat, and counting them undoes summing them", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 0, max: 200 }), (seconds, n) => {
      const iterations = createIterations(1, endsOf(seconds));
      assert.equal(iterations.within(iterations.endOf(n) + 1e-6), n);
      assert.ok(iterations.endOf(n + 1) > iterations.endOf(n));
    }),
  );
});

test("saves of a recorded run fall on iteration ends", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 20, max: 500 }), (seconds, interval) => {
      const ends = endsOf(seconds);
      const job = { usefulSeconds: 5000, iterationSeconds: 1, restartImmune: true };
      const schedule = createSchedule({ ...job, iterationEnds: ends }, {
        segmentSeconds: interval,
        blockSeconds: 0,
        remoteEvery: 1,
        remoteBlockSeconds: 5,
        persistSeconds: 0,
        finalSave: true,
      });
      const iterations = createIterations(1, ends);
      for (let m = 1; m < schedule.segments; m++) {
        const work = schedule.workOf(m);
        const at = iterations.endOf(iterations.within(work + 1e-9));
        assert.ok(Math.abs(work - at) < 1e-6, `${work} is no iteration's end`);
      }
      assert.equal(schedule.workOf(schedule.segments), 5000);
    }),
    { numRuns: 50 },
  );
});

for (const policy of policies) {
  test(`${policy.name}: iterations of one length are the same recorded or given`, () => {
    const failures = [3000, 9000, 21_000].map((at) => ({ at, kind: 0, node: 1, down: 60 }));
    const set = {
      useful: 50_000,
      iteration: 10,
      jitter: 0,
      ...("interval" in policy.params.shape ? { interval: 900 } : {}),
    };
    const given = runPolicy(policy, failures, set);
    const recorded = runPolicy(policy, failures, {
      ...set,
      iterationEnds: endsOf(new Array(50).fill(10)),
    });
    for (const id of ["wall_seconds", ...Object.values(PHASE_METRICS)]) {
      const [a, b] = [valueOf(given, id), valueOf(recorded, id)];
      assert.ok(Math.abs(a - b) < 1e-3, `${id}: ${a} and ${b}`);
    }
  });
}

test("a job without a length of its own trains through the recorded run once", () => {
  const sync = policies.find((p) => p.name === "periodic-sync")!;
  const outcome = runPolicy(sync, [], { useful: null, iterationEnds: endsOf([8, 12, 10]) });
  assert.ok(Math.abs(valueOf(outcome, "useful_seconds") - 30) < 1e-9);
  assert.equal(outcome.usage!.functionalUnits.iterations, 3);
});

test("tokens of a recorded run are told as useful ones a second and lost ones", () => {
  const sync = policies.find((p) => p.name === "periodic-sync")!;
  const set = { useful: 6000, interval: 600, checkpoint: 30, restart: 120, iteration: 10 };
  const events = [1000, 2500, 2650, 6000].map((at) => ({ at, kind: 0, node: 1, down: 60 }));
  const outcome = runPolicy(sync, events, { ...set, iterationTokens: 4e6 });
  // The timeline of E7: 7380 s for 600 iterations, 600 s of training lost.
  assert.ok(Math.abs(valueOf(outcome, "useful_tokens_per_second") - 600 * 4e6 / 7380) < 1e-6);
  const lost = valueOf(outcome, "lost_iterations");
  assert.ok(lost > 0);
  assert.ok(Math.abs(valueOf(outcome, "lost_tokens") - lost * 4e6) < 1e-3);
  assert.equal(outcome.usage!.functionalUnits.trainedTokens, 600 * 4e6);
  assert.equal(runPolicy(sync, events, set).metrics.lost_tokens, undefined);
});
