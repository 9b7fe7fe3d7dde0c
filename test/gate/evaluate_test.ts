import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateRules } from "../../src/gate/evaluate.ts";
import { type Observation, observe, type Side } from "../../src/gate/observations.ts";
import { gateConfigSchema, parseBudget } from "../../src/gate/rules.ts";
import { concludeVerdict, type RuleResult } from "../../src/gate/verdict.ts";

function observation(values: number[], extra: Partial<Observation> = {}): Observation {
  return {
    unit: "seconds",
    better: "lower",
    nature: "exact",
    evidence: "replayed",
    values,
    low: null,
    high: null,
    missing: null,
    ...extra,
  };
}

function side(observations: Record<string, Observation>, extra: Partial<Side> = {}): Side {
  return { name: "p1", fingerprint: {}, incomplete: null, observations, ...extra };
}

const OPTIONS = { noise: 0, today: "2026-01-01" };

function judge(config: unknown, current: Side, baseline: Side | null = null): RuleResult[] {
  return evaluateRules(gateConfigSchema.parse(config), current, baseline, OPTIONS);
}

function budget(text: string, current: Side): RuleResult {
  return evaluateRules({ rules: [parseBudget(text)], acks: [] }, current, null, OPTIONS)[0];
}

const againstBaseline = { rules: [{ kind: "baseline", metric: "*" }] };
const context = { strict: false, subject: "p1", baseline: null };

test("a budget passes on its side of the bound and fails on the other", () => {
  const current = side({ x: observation([2]) });
  for (
    const [text, status] of [["x<3", "pass"], ["x<2", "fail"], ["x<=2", "pass"], ["x>2", "fail"], [
      "x>=2",
      "pass",
    ]]
  ) {
    assert.equal(budget(text, current).status, status, text);
  }
});

test("a bound inside a modelled interval is inconclusive", () => {
  const modelled = side({ x: observation([2], { low: 1, high: 4, evidence: "modelled" }) });
  assert.equal(budget("x<3", modelled).status, "inconclusive");
  assert.equal(budget("x<5", modelled).status, "pass");
  assert.equal(budget("x<1", modelled).status, "fail");
});

test("a missing or unknown metric is inconclusive with the reason, never passed", () => {
  const current = side({ y: observation([], { missing: "no GPU" }) });
  assert.match(budget("x<3", current).reason, /has no metric x/);
  assert.equal(budget("x<3", current).status, "inconclusive");
  assert.match(budget("y<3", current).reason, /unknown: no GPU/);
  assert.equal(budget("y<3", current).status, "inconclusive");
});

test("a metric named without a policy is judged for every policy", () => {
  const current = side({ "a/x": observation([1]), "b/x": observation([5]) });
  const rules = evaluateRules({ rules: [parseBudget("x<3")], acks: [] }, current, null, OPTIONS);
  assert.deepEqual(rules.map((r) => [r.name, r.status]), [["a/x", "pass"], ["b/x", "fail"]]);
});

test("exact metrics are compared exactly, in the direction of their definition", () => {
  const before = side({ x: observation([100]), y: observation([100], { better: "higher" }) });
  const now = side({ x: observation([101]), y: observation([101], { better: "higher" }) });
  const [x, y] = judge(againstBaseline, now, before);
  assert.equal(x.status, "fail");
  assert.equal(y.status, "pass");
  assert.ok(Math.abs(x.delta! - 0.01) < 1e-12);
});

test("a declared tolerance lets an exact metric differ by that much and no more", () => {
  const rules = { rules: [{ kind: "baseline", metric: "x", tolerance: 0.01 }] };
  const before = side({ x: observation([100]) });
  assert.equal(judge(rules, side({ x: observation([101]) }), before)[0].status, "pass");
  assert.equal(judge(rules, side({ x: observation([101.1]) }), before)[0].status, "fail");
});

test("a metric that vanished since the baseline is inconclusive", () => {
  const [result] = judge(againstBaseline, side({}), side({ x: observation([1]) }));
  assert.equal(result.status, "inconclusive");
});

test("under a wildcard, what was never known is left out, and what is no longer known is inconclusive", () => {
  const never = observation([], { missing: "no model" });
  const before = side({ x: observation([1]), y: never });
  const now = side({ x: observation([], { missing: "gone" }), y: never });
  const results = judge(againstBaseline, now, before);
  assert.deepEqual(results.map((r) => [r.name, r.status]), [["x", "inconclusive"]]);
});

test("without a baseline the rule is inconclusive", () => {
  assert.equal(judge(againstBaseline, side({ x: observation([1]) }))[0].status, "inconclusive");
});

const sampled = (values: number[]) =>
  observation(values, { nature: "sampled", evidence: "measured" });

test("too few runs of a sampled metric are inconclusive and say how many more", () => {
  const [result] = judge(
    againstBaseline,
    side({ x: sampled([2, 2, 2]) }),
    side({ x: sampled([1, 1, 1]) }),
  );
  assert.equal(result.status, "inconclusive");
  assert.match(result.reason, /2 more needed/);
});

test("runs too few for the number of metrics are inconclusive, not passed", () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const all = (scale: number, count: number) =>
    side(Object.fromEntries(
      names.map((n) => [n, sampled(Array.from({ length: count }, (_, i) => scale + i / 100))]),
    ));
  for (const result of judge(againstBaseline, all(2, 5), all(1, 5))) {
    assert.equal(result.status, "inconclusive");
    assert.match(result.reason, /among 7 measured metrics: 1 more a side/);
  }
  for (const result of judge(againstBaseline, all(2, 6), all(1, 6))) {
    assert.equal(result.status, "fail", result.reason);
    assert.ok(result.minDetectable! > 0);
  }
});

test("what a pass would have shown grows with the metrics tested beside it, and is no less than its bound", () => {
  const runs = (offset: number) =>
    sampled(Array.from({ length: 12 }, (_, i) => 100 + ((i * 7 + offset) % 12)));
  const detectable = (names: readonly string[], rule: object = {}) => {
    const all = (offset: number) => side(Object.fromEntries(names.map((n) => [n, runs(offset)])));
    const config = { rules: [{ ...againstBaseline.rules[0], ...rule }] };
    const [first] = judge(config, all(1), all(0));
    assert.equal(first.status, "pass", first.reason);
    return first.minDetectable!;
  };
  assert.ok(detectable(["a", "b", "c", "d"]) > detectable(["a"]));
  assert.equal(detectable(["a"], { minEffect: 0.4 }), 0.4);
});

test("a partial recording and another machine are inconclusive", () => {
  const runs = sampled([1, 2, 3, 4, 5]);
  const partial = side({ x: runs }, { incomplete: "disk full" });
  assert.match(judge(againstBaseline, partial, side({ x: runs }))[0].reason, /disk full/);
  const other = side({ x: runs }, { fingerprint: { cpu: "other" } });
  const [result] = judge(
    againstBaseline,
    other,
    side({ x: runs }, { fingerprint: { cpu: "mine" } }),
  );
  assert.equal(result.status, "inconclusive");
  assert.match(result.reason, /cpu differs/);
});

test("an acknowledged failure only warns until it expires", () => {
  const config = (until: string) => ({
    ...againstBaseline,
    acks: [{ metric: "x", until, reason: "known", who: "me" }],
  });
  const [now, before] = [side({ x: observation([2]) }), side({ x: observation([1]) })];
  const [still] = judge(config("2026-01-01"), now, before);
  assert.deepEqual([still.status, still.level], ["fail", "warn"]);
  assert.equal(concludeVerdict([still], context).exitCode, 0);
  const [expired] = judge(config("2025-12-31"), now, before);
  assert.equal(expired.level, "error");
  assert.match(expired.reason, /expired/);
});

test("the verdict is the worst finding that counts; exit codes follow the table", () => {
  const rule = (
    status: RuleResult["status"],
    level: RuleResult["level"] = "error",
  ): RuleResult => ({
    name: "x",
    kind: "budget",
    level,
    status,
    unit: "",
    reference: null,
    current: null,
    delta: null,
    interval: null,
    p: null,
    minDetectable: null,
    runs: [0, 1],
    evidence: null,
    reason: "",
  });
  const exit = (rules: RuleResult[], strict = false) =>
    concludeVerdict(rules, { ...context, strict }).exitCode;
  assert.equal(exit([rule("pass")]), 0);
  assert.equal(exit([rule("pass"), rule("inconclusive"), rule("fail")]), 1);
  assert.equal(exit([rule("inconclusive")]), 0);
  assert.equal(exit([rule("inconclusive")], true), 3);
  assert.equal(exit([rule("fail", "warn")]), 0);
  assert.equal(exit([rule("error"), rule("fail")]), 4);
  assert.equal(exit([]), 4, "a gate without rules cannot run");
  // Rules that only warn count for nothing beside others, but what they could not judge is no pass.
  assert.equal(exit([rule("pass"), rule("inconclusive", "warn")], true), 0);
  assert.equal(exit([rule("inconclusive", "warn")]), 0);
  assert.equal(exit([rule("pass", "warn"), rule("inconclusive", "warn")], true), 3);
});

test("the closest rule counts: one metric is an exception from the wildcard", () => {
  const before = side({ "a/x": observation([100]), "b/x": observation([100]) });
  const now = side({ "a/x": observation([101]), "b/x": observation([101]) });
  const config = (rules: unknown[]) => ({ rules: [{ kind: "baseline", metric: "*" }, ...rules] });
  const statuses = (rules: unknown[]) =>
    judge(config(rules), now, before).map((r) => [r.name, r.status]);
  assert.deepEqual(statuses([{ kind: "baseline", metric: "a/x", tolerance: 0.02 }]), [
    ["b/x", "fail"],
    ["a/x", "pass"],
  ]);
  assert.deepEqual(statuses([{ kind: "baseline", metric: "b/x", level: "off" }]), [[
    "a/x",
    "fail",
  ]]);
  assert.deepEqual(
    statuses([{ kind: "baseline", metric: "x", tolerance: 0.02 }]).map(([, s]) => s),
    ["pass", "pass"],
  );
});

test("an acknowledgement of a metric holds under every policy", () => {
  const config = {
    ...againstBaseline,
    acks: [{ metric: "x", until: "2026-01-01", reason: "known", who: "me" }],
  };
  const [result] = judge(
    config,
    side({ "a/x": observation([2]) }),
    side({ "a/x": observation([1]) }),
  );
  assert.equal(result.level, "warn");
});

test("a partial recording is inconclusive for exact metrics and budgets too", () => {
  const partial = side({ x: observation([1]) }, { incomplete: "disk full" });
  assert.equal(budget("x<3", partial).status, "inconclusive");
  const [result] = judge(againstBaseline, partial, side({ x: observation([1]) }));
  assert.match(result.reason, /disk full/);
});

test("a change beyond the bound that is not significant is inconclusive and says how many runs tell", () => {
  const [result] = judge(
    againstBaseline,
    side({ x: sampled([1.0, 1.3, 0.8, 1.4, 1.2]) }),
    side({ x: sampled([0.9, 1.2, 0.85, 1.1, 1.0]) }),
  );
  assert.equal(result.status, "inconclusive");
  assert.match(result.reason, /not significant .* runs a side would tell/);
});

test("a pass says which change would have shown", () => {
  const runs = sampled([1, 1.01, 0.99, 1.02, 0.98]);
  const [result] = judge(againstBaseline, side({ x: runs }), side({ x: runs }));
  assert.equal(result.status, "pass");
  assert.match(result.reason, /and one of \d+(\.\d+)? % would have shown/);
});

test("runs that hold zeros are compared by their difference, never by a division by zero", () => {
  const zeros = sampled([0, 0, 0, 0, 0]);
  const [same] = judge(againstBaseline, side({ x: zeros }), side({ x: zeros }));
  assert.deepEqual([same.status, same.delta], ["pass", 0]);
  const [worse] = judge(againstBaseline, side({ x: sampled([1, 2, 3, 4, 5]) }), side({ x: zeros }));
  assert.deepEqual([worse.status, worse.delta], ["fail", null]);
  assert.match(worse.reason, /it was 0/);
});

test("a metric whose unit changed is not compared", () => {
  const now = side({ x: observation([1], { unit: "bytes" }) });
  const [result] = judge(againstBaseline, now, side({ x: observation([1]) }));
  assert.match(result.reason, /bytes now and was in seconds/);
});

const DEFINED = () => ({ better: "lower", nature: "exact" } as const);
const counted = (value: number | string | null, extra = {}) => ({
  x: { value, unit: "bytes", evidence: "replayed", ...extra } as const,
});

test("integers beyond 2^53 are compared digit by digit", () => {
  const of = (value: string) => side(observe([counted(value)], DEFINED));
  const [small, large] = [of("9007199254740992"), of("9007199254740993")];
  assert.equal(judge(againstBaseline, small, small)[0].status, "pass");
  const worse = judge(againstBaseline, large, small)[0];
  assert.equal(worse.status, "fail");
  assert.match(worse.reason, /9007199254740992 -> 9007199254740993, worse/);
  assert.equal(judge(againstBaseline, small, large)[0].status, "pass");
  const mixed = side(observe([counted(2 ** 53)], DEFINED));
  assert.equal(judge(againstBaseline, large, mixed)[0].status, "fail");
  assert.equal(budget("x<=9007199254740992", large).status, "fail");
  assert.equal(budget("x<=9007199254740992", small).status, "pass");
});

test("a metric that some runs do not have, or have in another unit, is never judged by the others", () => {
  const gap = side(observe([counted(1), {}], DEFINED));
  assert.match(budget("x<5", gap).reason, /1 of 2 runs do not have it/);
  assert.equal(budget("x<5", gap).status, "inconclusive");
  const units = side(observe([counted(1), counted(1, { unit: "seconds" })], DEFINED));
  assert.match(budget("x<5", units).reason, /in bytes and in seconds/);
});

test("runs with intervals keep the widest: a bound inside it is not passed", () => {
  const wide = side(observe([
    counted(1, { low: 0.5, high: 2 }),
    counted(1, { low: 0.9, high: 9 }),
  ], DEFINED));
  assert.equal(budget("x<5", wide).status, "inconclusive");
  assert.equal(budget("x<10", wide).status, "pass");
});

test("an exact metric that was measured on another machine is not compared", () => {
  const measured = observation([1], { evidence: "measured" });
  const [here, there] = ["a", "b"].map((cpu) => side({ x: measured }, { fingerprint: { cpu } }));
  assert.equal(judge(againstBaseline, here, there)[0].status, "inconclusive");
  assert.equal(judge(againstBaseline, here, here)[0].status, "pass");
});

test("an acknowledgement of everything is refused", () => {
  const ack = { metric: "*", until: "2026-02-01", reason: "r", who: "w" };
  assert.throws(() => gateConfigSchema.parse({ rules: [], acks: [ack] }), /name one metric/);
});

test("an exact metric measured elsewhere is not compared with a computed one either", () => {
  const before = side({ x: observation([1], { evidence: "measured" }) }, {
    fingerprint: { cpu: "other" },
  });
  const [result] = judge(againstBaseline, side({ x: observation([1]) }), before);
  assert.equal(result.status, "inconclusive");
});

test("a change of a negative reference has the sign of the difference", () => {
  const [result] = judge(
    againstBaseline,
    side({ x: observation([-5]) }),
    side({ x: observation([-10]) }),
  );
  assert.deepEqual([result.status, result.delta], ["fail", 0.5]);
});

test("budgets of one metric all count, the same one once", () => {
  const rules = ["x>1", "x<3", "a/x<3", "a/x<2"].map(parseBudget);
  const current = side({ "a/x": observation([2.5]) });
  const results = evaluateRules({ rules, acks: [] }, current, null, OPTIONS);
  assert.deepEqual(results.map((r) => [r.op, r.reference, r.status]), [
    [">", 1, "pass"],
    ["<", 3, "pass"],
    ["<", 2, "fail"],
  ]);
});

test("of several expired acknowledgements the last is named", () => {
  const acks = ["2025-01-01", "2025-06-01", "2025-03-01"].map((until) => ({
    metric: "x",
    until,
    reason: "known",
    who: "ada",
  }));
  const config = { ...againstBaseline, acks };
  const [result] = judge(config, side({ x: observation([2]) }), side({ x: observation([1]) }));
  assert.deepEqual([result.status, result.level], ["fail", "error"]);
  assert.match(result.reason, /expired 2025-06-01/);
});
