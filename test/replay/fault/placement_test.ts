import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupRecovery, ringRecovery } from "../../../src/replay/fault/forms/combinatorics.ts";
import { copiesSurvive, PLACEMENTS, recoveryAtOnce } from "../../../src/replay/fault/placement.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

/** All k-subsets of 0..n-1. */
function* subsets(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= n - k; i++) {
    for (const rest of subsets(n, k - 1, i + 1)) yield [i, ...rest];
  }
}

/** Share of the k-subsets that a placement survives, by counting them. */
function counted(
  nodes: number,
  m: number,
  k: number,
  placement: (typeof PLACEMENTS)[number],
): number {
  let [all, safe] = [0, 0];
  for (const lost of subsets(nodes, k)) {
    all++;
    if (copiesSurvive(nodes, m, placement, new Set(lost))) safe++;
  }
  return safe / all;
}

test("the real placement survives what the closed forms count", () => {
  for (const [nodes, m, k] of [[9, 2, 2], [9, 2, 3], [10, 3, 4], [8, 2, 4]]) {
    assert.ok(Math.abs(counted(nodes, m, k, "group") - groupRecovery(nodes, m, k)) < 1e-12);
    assert.ok(Math.abs(counted(nodes, m, k, "ring") - ringRecovery(nodes, m, k)) < 1e-12);
  }
});

test("the recovery probability counts the fatal sets of every placement", () => {
  const shapes = fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 4, max: 11 }));
  fc.assert(
    fc.property(shapes, fc.constantFrom(...PLACEMENTS), ([m, nodes], placement) => {
      const expected = counted(nodes, m, m, placement);
      assert.ok(Math.abs(recoveryAtOnce(nodes, m, placement) - expected) < 1e-12);
    }),
    { numRuns: 60 },
  );
});

test("the mixed placement misses the best one by no more than Gemini's bound", () => {
  for (const m of [2, 3, 4]) {
    for (let nodes = 2 * m; nodes <= 13; nodes++) {
      const sets = [...subsets(nodes, m)].length;
      // Every node's shard needs a set of holders, and a set of m holds m shards: ceil(N/m) at least.
      const best = 1 - Math.ceil(nodes / m) / sets;
      const gap = best - recoveryAtOnce(nodes, m, "mixed");
      assert.ok(gap <= (2 * m - 3) / sets + 1e-12, `N=${nodes} m=${m}: gap ${gap}`);
    }
  }
});
