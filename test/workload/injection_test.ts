import assert from "node:assert/strict";
import { test } from "node:test";
import { replayInjection, withModel } from "../../src/cli/bench/injection.ts";

/** Two lives: 6 s and 4 s of training, a save every two iterations of 1 s. */
const injection = {
  iterationSeconds: 1,
  every: 2,
  blockSeconds: 0.5,
  persistSeconds: 1,
  trainedSeconds: [6, 4],
  reachedIterations: [5, 6],
  resumedIterations: [0, 4],
  durableIterations: 6,
};

test("the model replays the kills of a trainer with its measured times", () => {
  // Life 1: saves end at 2.5 and 5, durable at 3.5 and 6, just in time: iteration 4. Life 2: a save ends at
  // 2.5, durable at 3.5: iteration 6; the half iteration and the whole one after it are lost.
  const predicted = replayInjection(injection);
  assert.equal(predicted.durableIterations, 6);
  assert.ok(Math.abs(predicted.lostIterations - (1 + 1.5)) < 1e-9);
  assert.equal(predicted.trainedSeconds, 10);
});

test("predicted stands beside measured", () => {
  const result = withModel({
    phases: [],
    verifiedBytes: 0,
    notes: [],
    detail: { injection },
  });
  assert.match(result.notes[0], /predicted 40 %, measured 40 %/);
  assert.deepEqual(result.detail!.model, {
    durableIterations: 6,
    lostIterations: 2.5,
    trainedSeconds: 10,
    measuredLostIterations: 1,
  });
  const plain = { phases: [], verifiedBytes: 0, notes: [] };
  assert.equal(withModel(plain), plain);
});
