import assert from "node:assert/strict";
import { test } from "node:test";
import { measuredCrossover, rateBeyond } from "../../src/workload/llm/crossover.ts";

/** Points of the law time = bytes / bandwidth + constant. */
function pointsOf(bytes: number, constant: number, rates: readonly number[]) {
  return rates.map((r) => ({ bytesPerSecond: r, seconds: bytes / r + constant }));
}

test("a crossover between two points of the law is found exactly", () => {
  const points = pointsOf(18e6, 0.1, [4e6, 6e6, 8e6, 12e6]);
  const found = measuredCrossover(points, 18e6 / 7e6 + 0.1);
  assert.ok(found !== null && Math.abs(found / 7e6 - 1) < 1e-9);
});

for (const crossover of [2e6, 7e6, 30e6]) {
  test(`a sweep of 4 to 12 MB/s is widened until it encloses ${crossover / 1e6} MB/s`, () => {
    const rates = [4e6, 8e6, 12e6];
    const recompute = 18e6 / crossover + 0.1;
    for (let more = 0; more < 6; more++) {
      const rate = rateBeyond(pointsOf(18e6, 0.1, rates), recompute);
      if (rate === null) break;
      assert.ok(rate < Math.min(...rates) || rate > Math.max(...rates), "beyond what was measured");
      rates.push(rate);
    }
    const points = pointsOf(18e6, 0.1, rates);
    assert.equal(rateBeyond(points, recompute), null);
    assert.ok(Math.abs(measuredCrossover(points, recompute)! / crossover - 1) < 1e-9);
  });
}

test("points that do not enclose the recompute time give null, not a guess", () => {
  assert.equal(measuredCrossover(pointsOf(18e6, 0, [1e6, 2e6]), 1), null);
  assert.equal(measuredCrossover([], 1), null);
});
