import assert from "node:assert/strict";
import { test } from "node:test";
import { measuredCrossover, predictedCrossover } from "../../src/workload/llm/crossover.ts";

/** Points of the law time = bytes / bandwidth + constant. */
function pointsOf(bytes: number, constant: number, rates: readonly number[]) {
  return rates.map((r) => ({ bytesPerSecond: r, seconds: bytes / r + constant }));
}

test("a crossover between two points of the law is found exactly", () => {
  const points = pointsOf(18e6, 0.1, [4e6, 6e6, 8e6, 12e6]);
  const found = measuredCrossover(points, 18e6 / 7e6 + 0.1);
  assert.ok(found !== null && Math.abs(found / 7e6 - 1) < 1e-9);
});

test("prediction and measurement agree where the law holds", () => {
  const recompute = 2.2;
  const measured = measuredCrossover(pointsOf(18e6, 0.1, [4e6, 8e6, 16e6]), recompute)!;
  const predicted = predictedCrossover(18e6, recompute, 0.1)!;
  assert.ok(Math.abs(measured / predicted - 1) < 1e-9);
});

test("points that do not enclose the recompute time give null, not a guess", () => {
  assert.equal(measuredCrossover(pointsOf(18e6, 0, [1e6, 2e6]), 1), null);
  assert.equal(measuredCrossover([], 1), null);
});

test("a reload whose constant part exceeds the recompute time never pays", () => {
  assert.equal(predictedCrossover(18e6, 0.05, 0.1), null);
});
