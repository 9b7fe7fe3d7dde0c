import assert from "node:assert/strict";
import { test } from "node:test";
import { bestOf } from "../../src/model/best_result.ts";
import { resultLabels } from "../../src/model/result_labels.ts";
import { attributedNotes } from "../../src/model/result_notes.ts";
import type { PolicyResult } from "../../src/model/results.ts";

function result(policy: string, more: Partial<PolicyResult> = {}): PolicyResult {
  return {
    policy,
    family: "offload",
    params: {},
    metrics: {},
    usage: null,
    legend: { summary: "", reference: "", lossy: false },
    ...more,
  };
}

const SWEPT = [16, 32].map((gib) =>
  result("kv-offload", {
    params: { dram: gib * 2 ** 30, eviction: "lru" },
    swept: { dram: `${gib}GiB` },
    notes: gib === 16 ? ["Small.", "Both."] : ["Both."],
  })
);

test("a swept value is shown as it was written, others as they are stored", () => {
  assert.deepEqual(resultLabels([...SWEPT, result("recompute")]), [
    "kv-offload dram=16GiB",
    "kv-offload dram=32GiB",
    "recompute",
  ]);
  const stored = SWEPT.map(({ swept: _, ...others }) => others);
  assert.equal(resultLabels(stored)[0], "kv-offload dram=17179869184");
});

test("notes name the policies or the results that have them, and what all have stands alone", () => {
  const results = [
    ...SWEPT,
    result("recompute", { notes: ["Small.", "Own."] }),
    result("hcache", { notes: ["hcache: says its name."] }),
  ];
  assert.deepEqual(attributedNotes(results), [
    "kv-offload dram=16GiB, recompute: Small.",
    "kv-offload: Both.",
    "recompute: Own.",
    "hcache: says its name.",
  ]);
  assert.deepEqual(attributedNotes(SWEPT.map((r) => ({ ...r, notes: ["Same."] }))), ["Same."]);
});

test("the best is the first that keeps the answers, where one does", () => {
  const lossy = { rank: 1, result: 0, policy: "compress", lossy: true } as const;
  const own = { rank: 2, result: 1, policy: "kv-offload" };
  assert.equal(bestOf({ order: [lossy, own] }), own);
  assert.equal(bestOf({ order: [lossy] }), lossy);
  assert.equal(bestOf({ order: [] }), undefined);
});
