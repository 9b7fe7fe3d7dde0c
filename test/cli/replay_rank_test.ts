import assert from "node:assert/strict";
import { test } from "node:test";
import { rankResults } from "../../src/cli/replay_run.ts";
import { metric, unknownMetric } from "../../src/model/metric.ts";
import type { PolicyResult } from "../../src/model/results.ts";

function result(policy: string, value: number | null): PolicyResult {
  const x = value === null
    ? unknownMetric("seconds", "modelled", "not run")
    : metric(value, "seconds", "modelled");
  return {
    policy,
    family: "offload",
    params: {},
    metrics: { x },
    usage: null,
    legend: { summary: "", reference: "", lossy: false },
  };
}

test("lower-is-better ranks ascending, ties share a rank, unknown values come last", () => {
  const ranking = rankResults(
    [result("a", 2), result("b", null), result("c", 1), result("d", 2)],
    "x",
    "lower",
  );
  assert.deepEqual(ranking.map((r) => [r.rank, r.policy]), [[1, "c"], [2, "a"], [2, "d"], [
    4,
    "b",
  ]]);
});

test("higher-is-better turns the order round", () => {
  const ranking = rankResults([result("a", 2), result("b", 3)], "x", "higher");
  assert.deepEqual(ranking.map((r) => r.policy), ["b", "a"]);
});
