import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as oracle from "simple-statistics";
import { changePoints, DEFAULT_CHANGE_POINTS } from "../../src/stats/change_points.ts";
import { bestSplit } from "../../src/stats/e_divisive.ts";
import { createRandom } from "../../src/stats/random.ts";
import { incompleteBeta, tTest, twoSidedP } from "../../src/stats/student_t.ts";

const near = (a: number, b: number, tolerance: number) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

test("two-sided p values agree with printed t tables", () => {
  const table = [[12.706, 1, 0.05], [2.228, 10, 0.05], [3.169, 10, 0.01], [1.96, 1e6, 0.05], [
    3.291,
    1e6,
    0.001,
  ]];
  for (const [t, df, p] of table) near(twoSidedP(t, df), p, p * 0.003);
  // One and two degrees of freedom have closed forms.
  for (const t of [0.1, 1, 3, 20]) {
    near(twoSidedP(t, 1), 1 - 2 * Math.atan(t) / Math.PI, 1e-12);
    near(twoSidedP(t, 2), 1 - t / Math.sqrt(2 + t * t), 1e-12);
  }
});

test("the incomplete beta function is symmetric", () => {
  const unit = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  const shape = fc.double({ min: 0.5, max: 60, noNaN: true });
  fc.assert(fc.property(unit, shape, shape, (x, a, b) => {
    near(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a), 1, 1e-10);
  }));
});

test("the t statistic is that of the oracle", () => {
  const sample = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 20 });
  fc.assert(fc.property(sample, sample, (a, b) => {
    const { t, p } = tTest(a, b);
    const expected = oracle.tTestTwoSample(b, a);
    if (expected === null || !Number.isFinite(expected)) return;
    near(t, expected, 1e-9 * Math.max(1, Math.abs(expected)));
    assert.ok(p >= 0 && p <= 1);
  }));
});

test("samples without any spread are the same or not", () => {
  assert.equal(tTest([1, 1], [1, 1]).p, 1);
  assert.equal(tTest([1, 1], [2, 2]).p, 0);
  assert.equal(tTest([1], [2]).p, 1);
});

/** The energy statistic straight from its definition. */
function energy(values: readonly number[], k: number): number {
  const [x, y] = [values.slice(0, k), values.slice(k)];
  const mean = (pairs: number[]) => pairs.reduce((a, b) => a + b, 0) / pairs.length;
  const within = (v: readonly number[]) =>
    mean(v.flatMap((a, i) => v.slice(i + 1).map((b) => Math.abs(a - b))));
  const across = mean(x.flatMap((a) => y.map((b) => Math.abs(a - b))));
  return x.length * y.length / values.length * (2 * across - within(x) - within(y));
}

test("the best split has the largest energy statistic of all", () => {
  const series = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 4, maxLength: 25 });
  fc.assert(fc.property(series, (values) => {
    const best = bestSplit(values)!;
    near(best.q, energy(values, best.index), 1e-9);
    for (let k = 2; k <= values.length - 2; k++) {
      assert.ok(energy(values, k) <= best.q + 1e-9);
    }
  }));
  assert.equal(bestSplit([1, 2, 3]), null);
});

function noisy(levels: readonly (readonly [level: number, runs: number])[], seed: number) {
  const random = createRandom(seed);
  return levels.flatMap(([level, runs]) =>
    Array.from({ length: runs }, () => level * Math.exp(0.02 * random.normal()))
  );
}

test("steps are found where they are, in long series too, and the same way each time", () => {
  const series = noisy([[1, 40], [1.2, 70], [0.9, 30]], 3);
  const found = changePoints(series);
  assert.deepEqual(found.map((c) => c.index), [40, 110]);
  near(found[0].before, 1, 0.02);
  near(found[0].after, 1.2, 0.02);
  assert.deepEqual(changePoints(series), found);
});

test("a flat series gives a change point in fewer than 1 of 50 trials", () => {
  let alarms = 0;
  for (let seed = 0; seed < 300; seed++) {
    if (changePoints(noisy([[1, 50]], seed)).length > 0) alarms++;
  }
  assert.ok(alarms <= 6, String(alarms));
});

test("changes below the smallest magnitude are dropped, and their neighbours merged", () => {
  const series = noisy([[1, 40], [1.03, 40], [1.5, 20]], 5);
  const options = { ...DEFAULT_CHANGE_POINTS, minMagnitude: 0.1 };
  assert.deepEqual(changePoints(series, options).map((c) => c.index), [80]);
  assert.deepEqual(changePoints([]), []);
  assert.deepEqual(changePoints(new Array(60).fill(1)), []);
});
