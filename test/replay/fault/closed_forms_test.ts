import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  completionTime,
  completionTimeImmune,
  splitCompletion,
} from "../../../src/replay/fault/completion.ts";
import {
  dalyInterval,
  exactInterval,
  lambertW0,
  youngInterval,
} from "../../../src/replay/fault/optimum.ts";
import { replaySync } from "../../../src/replay/fault/timeline.ts";
import { needsShared, sharedText } from "../../shared.ts";

const GOLDEN = "golden/faults/golden_examples.json";
const skip = needsShared(GOLDEN);

interface Example {
  id: string;
  inputs: Record<string, number> & { fail_times?: number[] };
  expected: Record<string, number> & { segments_durable_after_each?: number[] };
}

const examples: Example[] = skip ? [] : JSON.parse(sharedText(GOLDEN));

function close(actual: number, expected: number, what: string, tolerance = 1e-9): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, expected ${expected}`,
  );
}

for (const { id, inputs, expected } of examples) {
  if (id.startsWith("E1.daly")) {
    test(`${id}: Young, Daly and the exact optimum in minutes`, () => {
      const { delta_min, M_min } = inputs;
      close(dalyInterval(delta_min, M_min), expected.tau_daly_min, "Daly");
      close(youngInterval(delta_min, M_min), expected.tau_young_min, "Young");
      close(exactInterval(delta_min, M_min), expected.tau_exact_min, "exact", 1e-7);
    });
  } else if (id.startsWith("E2.")) {
    test(`${id}: Young, Daly and the exact optimum in seconds`, () => {
      close(youngInterval(inputs.delta_s, inputs.M_s), expected.young_s, "Young");
      close(dalyInterval(inputs.delta_s, inputs.M_s), expected.daly_s, "Daly");
      close(exactInterval(inputs.delta_s, inputs.M_s), expected.exact_s, "exact", 1e-7);
    });
  } else if (id.startsWith("E3.T") || id.startsWith("E4.T")) {
    test(`${id}: expected completion time`, () => {
      const model = {
        useful: inputs.Ts_h * 60,
        interval: inputs.tau_min,
        checkpoint: inputs.delta_min,
        restart: inputs.R_min,
        mtbf: inputs.M_min,
      };
      if (id.startsWith("E4")) {
        const total = completionTimeImmune(model);
        close(total / 60, expected.T_h, "T");
        close(inputs.Ts_h / (total / 60), expected.efficiency, "efficiency");
        return;
      }
      const split = splitCompletion(model);
      close(completionTime(model) / 60, expected.T_h, "T");
      close(split.failures, expected.n_failures, "failures");
      close(split.checkpoint / 60, expected.ckpt_h, "checkpoint");
      close(split.lost / 60, expected.rework_h, "lost");
      close(split.restart / 60, expected.restart_h, "restart");
      const sum = split.useful + split.checkpoint + split.lost + split.restart;
      close(sum / 60, expected.sum_check_h, "sum");
    });
  } else if (id === "E7.det") {
    test("E7.det: the deterministic timeline ends at 7380 s", () => {
      const timeline = replaySync({
        usefulSeconds: inputs.Ts,
        intervalSeconds: inputs.tau,
        checkpointSeconds: inputs.delta,
        restartSeconds: inputs.R,
        restartImmune: true,
      }, inputs.fail_times!);
      assert.equal(timeline.wallSeconds, expected.finish_s);
      assert.equal(timeline.lostSeconds, expected.lost_s);
      assert.equal(timeline.checkpointSeconds, expected.ckpt_s);
      assert.equal(timeline.restartSeconds, expected.restart_s);
      assert.equal(timeline.failures, expected.n_fail);
      assert.deepEqual(timeline.durableAtFailure, expected.segments_durable_after_each);
    });
  }
}

test("the golden examples of the closed forms were found", { skip }, () => {
  const mine = examples.filter((e) => /^(E1\.|E2\.|E3\.T|E4\.T|E7\.det)/.test(e.id));
  assert.equal(mine.length, 14);
});

test("Lambert W inverts w e^w over its whole domain", () => {
  const inputs = fc.oneof(fc.double({ min: -0.999, max: 5, noNaN: true }), fc.constant(-1));
  fc.assert(fc.property(inputs, (w) => {
    close(lambertW0(w * Math.exp(w)), w, `W0 at w=${w}`, w < -0.99 ? 1e-4 : 1e-9);
  }));
  assert.throws(() => lambertW0(-0.4), RangeError);
});

test("the exact optimum is the minimum of the completion time", () => {
  const delta = fc.double({ min: 0.1, max: 100, noNaN: true });
  const mtbf = fc.double({ min: 200, max: 1e5, noNaN: true });
  fc.assert(fc.property(delta, mtbf, (checkpoint, m) => {
    const at = (interval: number) =>
      completionTime({ useful: 1e6, interval, checkpoint, restart: 10, mtbf: m });
    const best = exactInterval(checkpoint, m);
    assert.ok(at(best) <= at(best * 1.02) && at(best) <= at(best * 0.98));
  }));
});

const job = fc.record({
  usefulSeconds: fc.integer({ min: 1, max: 100_000 }),
  intervalSeconds: fc.integer({ min: 1, max: 5_000 }),
  checkpointSeconds: fc.integer({ min: 0, max: 300 }),
  restartSeconds: fc.integer({ min: 0, max: 2_000 }),
  restartImmune: fc.boolean(),
});
const failureTimes = fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 60 })
  .map((times) => times.sort((a, b) => a - b));

test("every wall second belongs to exactly one phase", () => {
  fc.assert(fc.property(job, failureTimes, (j, times) => {
    const t = replaySync(j, times);
    const sum = t.usefulSeconds + t.lostSeconds + t.checkpointSeconds + t.restartSeconds;
    close(sum, t.wallSeconds, "sum of phases");
  }));
});

test("without failures the wall time is the useful time and the checkpoints", () => {
  fc.assert(fc.property(job, (j) => {
    const t = replaySync(j, []);
    const segments = Math.ceil(j.usefulSeconds / j.intervalSeconds);
    assert.equal(t.wallSeconds, j.usefulSeconds + segments * j.checkpointSeconds);
    assert.equal(t.checkpoints, segments);
  }));
});

test("two failures at one instant roll back once", () => {
  const base = {
    usefulSeconds: 6000,
    intervalSeconds: 600,
    checkpointSeconds: 30,
    restartSeconds: 120,
  };
  const one = replaySync({ ...base, restartImmune: true }, [1000]);
  const two = replaySync({ ...base, restartImmune: true }, [1000, 1000]);
  assert.equal(two.lostSeconds, one.lostSeconds);
  assert.equal(two.wallSeconds, one.wallSeconds);
});
