import assert from "node:assert/strict";
import { test } from "node:test";
import { probit, sampleStandardDeviation } from "simple-statistics";
import { mannWhitney } from "../../src/stats/mann_whitney.ts";
import { normalQuantile } from "../../src/stats/normal.ts";
import {
  fewestRuns,
  minDetectableEffect,
  relativeNoise,
  standardDeviation,
} from "../../src/stats/power.ts";
import { createRandom } from "../../src/stats/random.ts";

test("normal quantiles agree with tables and with simple-statistics", () => {
  assert.ok(Math.abs(normalQuantile(0.975) - 1.959963984540054) < 1e-8);
  assert.ok(Math.abs(normalQuantile(0.001) + 3.090232306167813) < 1e-8);
  assert.equal(normalQuantile(0.5), 0);
  for (let p = 0.02; p < 1; p += 0.02) {
    assert.ok(Math.abs(normalQuantile(p) - probit(p)) < 5e-3, String(p));
    assert.ok(Math.abs(normalQuantile(p) + normalQuantile(1 - p)) < 1e-9);
  }
  assert.throws(() => normalQuantile(1), RangeError);
});

test("standard deviations agree with simple-statistics; noise of values below zero is unknown", () => {
  const values = [3, 1, 4, 1.5, 9, 2.6];
  assert.ok(Math.abs(standardDeviation(values) - sampleStandardDeviation(values)) < 1e-12);
  assert.equal(relativeNoise([1, 0]), null);
  assert.ok(Math.abs(relativeNoise([1, Math.E])! - Math.SQRT1_2) < 1e-12);
});

test("the fewest runs follow the smallest p that the exact test can give", () => {
  // Two-sided 2 / C(2n, n): 0.1, 0.0286, 0.0079, 0.0022.
  assert.equal(fewestRuns(1), 4);
  assert.equal(fewestRuns(2), 5);
  assert.equal(fewestRuns(6), 5);
  assert.equal(fewestRuns(7), 6);
});

test("a change of the minimum detectable size is found in about 80 % of trials", () => {
  const random = createRandom(5);
  const effect = minDetectableEffect(0.05, 20, 20);
  const draw = (scale: number) =>
    Array.from({ length: 20 }, () => scale * Math.exp(0.05 * random.normal()));
  let found = 0;
  for (let i = 0; i < 500; i++) if (mannWhitney(draw(1), draw(1 + effect)).p < 0.05) found++;
  assert.ok(found > 375 && found < 430, String(found));
});
