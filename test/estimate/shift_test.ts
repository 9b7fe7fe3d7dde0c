import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bestContiguous,
  bestInterruptible,
  regionShift,
  runNow,
} from "../../src/estimate/formulas/shift.ts";
import { near, printed } from "./near.ts";

const CI = [400, 380, 350, 300, 250, 220, 310, 240, 360, 420, 450, 430];
const JOB = { slots: 3, kwhPerSlot: 100 };

test("E16: now, best contiguous (earliest of a tie) and interruptible with a restart", () => {
  near(runNow(CI, JOB).totalGrams / 1000, 113);
  const contiguous = bestContiguous(CI, JOB);
  near(contiguous.totalGrams / 1000, 77);
  assert.deepEqual(contiguous.slots, [3, 4, 5]);
  near(bestInterruptible(CI, JOB).totalGrams / 1000, 71);
  const restart = bestInterruptible(CI, { ...JOB, restartKwh: 10 });
  near(restart.computeGrams / 1000, 71);
  near(restart.restartGrams / 1000, 2.4);
  near(restart.totalGrams / 1000, 73.4);
  assert.deepEqual(restart.slots, [4, 5, 7]);
});

test("E16b: the average and the marginal signal disagree about moving to Sweden", () => {
  const shift = regionShift(
    100,
    { average: 396.25, marginal: 557.17 },
    { average: 24.71, marginal: 791.26 },
  );
  printed(shift.averageGrams / 1000, "-37.154");
  printed(shift.marginalGrams! / 1000, "23.409");
  assert.equal(shift.agree, false);
  const unknown = regionShift(1, { average: 1, marginal: null }, { average: 2, marginal: 3 });
  assert.equal(unknown.marginalGrams, null);
});

test("a deadline limits the slots and an impossible job is refused", () => {
  assert.deepEqual(bestContiguous(CI, JOB, 5).slots, [2, 3, 4]);
  assert.throws(() => bestContiguous(CI, JOB, 2), RangeError);
  assert.throws(() => bestInterruptible([1, NaN, 2], { slots: 1, kwhPerSlot: 1 }), RangeError);
});

test("a dear restart makes one segment; storage held while waiting makes it start at once", () => {
  assert.equal(bestInterruptible(CI, { ...JOB, restartKwh: 1000 }).segments, 1);
  assert.deepEqual(bestInterruptible(CI, { ...JOB, heldGramsPerSlot: 1e6 }).slots, [0, 1, 2]);
  assert.deepEqual(bestContiguous(CI, { ...JOB, heldGramsPerSlot: 1e6 }).slots, [0, 1, 2]);
});

function bruteForce(
  intensity: number[],
  job: { slots: number; kwhPerSlot: number; restartKwh: number; heldGramsPerSlot: number },
): number {
  let best = Infinity;
  for (let mask = 0; mask < 1 << intensity.length; mask++) {
    const slots = intensity.map((_, i) => i).filter((i) => mask >> i & 1);
    if (slots.length !== job.slots) continue;
    let grams = (slots[slots.length - 1] + 1 - slots.length) * job.heldGramsPerSlot;
    slots.forEach((s, i) => {
      grams += intensity[s] * job.kwhPerSlot;
      if (i > 0 && slots[i - 1] !== s - 1) grams += intensity[s] * job.restartKwh;
    });
    best = Math.min(best, grams);
  }
  return best;
}

test("the interruptible plan is the best of all subsets of slots", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 800 }), { minLength: 1, maxLength: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 300 }),
    (intensity, wanted, restartKwh, heldGramsPerSlot) => {
      const job = {
        slots: Math.min(wanted, intensity.length),
        kwhPerSlot: 2,
        restartKwh,
        heldGramsPerSlot,
      };
      near(bestInterruptible(intensity, job).totalGrams, bruteForce(intensity, job), 1e-9);
    },
  ));
});
