import assert from "node:assert/strict";
import { test } from "node:test";
import { explainLargestMiss, scoreClaims, tallyScores } from "../../src/gate/score.ts";
import type { Claim, ScoredCase } from "../../src/model/prediction.ts";

function claim(quantity: string, predicted: number, within: number): Claim {
  return {
    quantity,
    unit: "seconds",
    predicted,
    low: null,
    high: null,
    within,
    assumption: "a straight line",
    calibrationResidual: 0.02,
  };
}

const once = (value: number) => ({ value, low: value, high: value, repeats: 1 });

test("an exact claim is hit only when every repeat has exactly that value", () => {
  const claims = [claim("x", 5, 0)];
  const verdict = (value: number, low: number, high: number) =>
    scoreClaims(claims, new Map([["x", { value, low, high, repeats: 3 }]]))[0].verdict;
  assert.equal(verdict(5, 5, 5), "hit");
  assert.equal(verdict(5, 5, 6), "miss");
  assert.equal(verdict(5, 4, 5), "miss");
  assert.equal(verdict(6, 6, 6), "miss");
});

test("a timed claim is hit up to and including its bar", () => {
  const verdict = (predicted: number) =>
    scoreClaims([claim("x", predicted, 0.25)], new Map([["x", once(4)]]))[0].verdict;
  assert.equal(verdict(5), "hit");
  assert.equal(verdict(3), "hit");
  assert.equal(verdict(5.001), "miss");
});

test("what was not measured is neither a hit nor a miss", () => {
  const rows = scoreClaims([claim("x", 1, 0), claim("y", 0, 0)], new Map([["y", once(0)]]));
  assert.deepEqual(rows.map((r) => r.verdict), ["not measured", "hit"]);
  const cases: ScoredCase[] = [
    { name: "a", knob: null, sha256: "0", refused: null, rows },
    { name: "b", knob: null, sha256: null, refused: "not reproduced", rows: [] },
  ];
  assert.deepEqual(tallyScores(cases), { hits: 1, misses: 0, notMeasured: 1, refused: 1 });
});

test("the largest miss is explained by the repeats, by the fit, or by neither", () => {
  const explain = (value: number, low: number, high: number, residual: number) =>
    explainLargestMiss([{
      name: "a",
      knob: null,
      sha256: "0",
      refused: null,
      rows: scoreClaims(
        [{ ...claim("x", 2, 0.1), calibrationResidual: residual }],
        new Map([["x", { value, low, high, repeats: 5 }]]),
      ),
    }]);
  assert.match(explain(1.5, 1, 2, 0.02), /repeats themselves spread over 66.7 %/);
  assert.match(explain(1.5, 1.49, 1.51, 0.4), /leave the law by 40.0 %.*a straight line/);
  assert.match(explain(1.5, 1.49, 1.51, 0.02), /neither the repeats .* nor the fit/);
});
