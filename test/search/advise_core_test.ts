import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { metric, type Metrics, unknownMetric } from "../../src/model/metric.ts";
import { BUILTIN_HARDWARE } from "../../src/model/profiles/builtin/hardware.ts";
import type { Usage } from "../../src/model/usage.ts";
import { reservedUsage } from "../../src/estimate/usage/reserved.ts";
import { isBaseline } from "../../src/search/advise/evaluate.ts";
import { paretoFront } from "../../src/search/advise/pareto.ts";
import { recommend, WITHOUT_TOLERANCE } from "../../src/search/advise/recommend.ts";
import { defaultSpace, limitSpaces, neighbours, spaceSize } from "../../src/search/advise/space.ts";
import { meets, parseSlo } from "../../src/search/advise/slo.ts";

const of = (usd: number | null, grams: number): Metrics => ({
  total_usd: usd === null ? unknownMetric("usd", "assumed", "x") : metric(usd, "usd", "assumed"),
  total_grams_co2e: metric(grams, "gramsCo2e", "assumed"),
});
const GOALS = [
  { metric: "total_usd", better: "lower" },
  { metric: "total_grams_co2e", better: "lower" },
] as const;

test("the front holds what no other point beats; of equal points the first", () => {
  const points = [of(1, 9), of(2, 2), of(3, 3), of(9, 1), of(2, 2), of(null, 0.5)];
  assert.deepEqual(paretoFront(points, GOALS), [0, 1, 3, 5]);
});

test("the front of any points is exactly the set of unbeaten ones", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { minLength: 1, maxLength: 40 }),
    (pairs) => {
      const front = paretoFront(pairs.map(([a, b]) => of(a, b)), GOALS);
      const beats = (p: number[], q: number[]) =>
        p[0] <= q[0] && p[1] <= q[1] && (p[0] < q[0] || p[1] < q[1]);
      pairs.forEach((p, i) => {
        const twin = pairs.findIndex((q) => q[0] === p[0] && q[1] === p[1]) < i;
        const unbeaten = !pairs.some((q) => beats(q, p));
        assert.equal(front.includes(i), unbeaten && !twin);
      });
    },
  ));
});

test("an SLO is a metric, an operator and a number with its unit", () => {
  assert.deepEqual(parseSlo("total_usd<2"), { metric: "total_usd", operator: "<", bound: 2 });
  assert.deepEqual(parseSlo(" total_usd >= 0.5 "), {
    metric: "total_usd",
    operator: ">=",
    bound: 0.5,
  });
  assert.equal(parseSlo("unseen_energy_ratio<=5%").bound, 0.05);
});

for (const text of ["", "total_usd", "total_usd=2", "total_usd<", "total_usd<many", "<2"]) {
  test(`--slo "${text}" is refused`, () => {
    assert.throws(() => parseSlo(text), /--slo/);
  });
}

test("an SLO on an unknown metric is refused with a guess", () => {
  assert.throws(() => parseSlo("totl_usd<2", () => "total_usd"), /did you mean "total_usd"/);
});

test("an unknown value keeps no bound", () => {
  assert.equal(meets(of(null, 1), parseSlo("total_usd<2")), false);
  assert.equal(meets(of(2, 1), parseSlo("total_usd<2")), false);
  assert.equal(meets(of(2, 1), parseSlo("total_usd<=2")), true);
  assert.equal(meets({}, parseSlo("total_usd>0")), false);
});

const point = (name: string, usd: number | null, seconds: number, baseline = false) => ({
  name,
  baseline,
  metrics: {
    total_usd: usd === null
      ? unknownMetric("usd", "assumed", "no price")
      : metric(usd, "usd", "assumed"),
    energy_joules: metric(seconds, "joules", "modelled"),
  },
});
const FAST = [parseSlo("energy_joules<2")];

test("the cheapest point that keeps the bounds is recommended with what it saves", () => {
  const r = recommend(
    [point("gpu", 10, 1, true), point("ssd", 6, 1.5), point("x", 1, 9)],
    FAST,
    "total_usd",
  );
  assert.deepEqual([r.point, r.baseline, r.worthIt], [1, 0, true]);
  assert.match(r.reason, /ssd has the least total_usd, \$6.*40 % less than gpu/);
});

test("when the baseline is as good, none is worth it", () => {
  const r = recommend([point("ssd", 6, 1), point("gpu", 6, 1, true)], FAST, "total_usd");
  assert.deepEqual([r.point, r.worthIt], [1, false]);
  assert.match(r.reason, /none is worth it/);
});

test("a fault policy is held against doing nothing, not against GPU memory", () => {
  const points = [point("recycle", 6, 1), point("none", 9, 1.5, true)];
  const r = recommend(points, [], "total_usd", [], WITHOUT_TOLERANCE);
  assert.deepEqual([r.point, r.worthIt], [0, true]);
  assert.match(r.reason, /33\.3 % less than none, the best that does nothing against failures/);
  const alone = recommend([points[1]], [], "total_usd", [], WITHOUT_TOLERANCE);
  assert.match(alone.reason, /^none is worth it: none does nothing against failures/);
});

test("when no point keeps the bounds, the nearest is named and none recommended", () => {
  const r = recommend([point("a", 1, 9), point("b", 2, 5)], FAST, "total_usd");
  assert.equal(r.point, null);
  assert.match(r.reason, /no point of 2 keeps energy_joules<2; the nearest is b/);
});

test("when no baseline keeps the bounds, that is the reason", () => {
  const r = recommend([point("a", 1, 9, true), point("b", 2, 1)], FAST, "total_usd");
  assert.deepEqual([r.point, r.baseline, r.worthIt], [1, null, true]);
});

test("where nothing is a baseline the next best is named", () => {
  const made = (name: string, bytes: number) => ({
    name,
    baseline: false,
    metrics: { peak_reserved_bytes: metric(bytes, "bytes", "replayed") },
  });
  const r = recommend([made("a", 8e9), made("b", 7e9)], [], "peak_reserved_bytes");
  assert.equal(r.point, 1);
  assert.match(r.reason, /^b has the least peak_reserved_bytes, .*; the next is a with/);
});

test("an unknown goal is said with its reason", () => {
  assert.match(recommend([point("a", null, 1)], FAST, "total_usd").reason, /no price/);
});

test("spaces are cut to the limit, least important dimension first", () => {
  const spaces = [
    [{ key: "a", values: ["1", "2", "3"] }, { key: "b", values: ["1", "2"] }],
    [{ key: "a", values: ["1", "2"] }],
  ];
  assert.deepEqual(limitSpaces(spaces, 8).map(spaceSize), [6, 2]);
  assert.deepEqual(limitSpaces(spaces, 5).map(spaceSize), [3, 2]);
  assert.deepEqual(limitSpaces(spaces, 1).map(spaceSize), [1, 1]);
});

test("the default space takes only parameters the policy has, sized by the hardware", () => {
  const hardware = BUILTIN_HARDWARE.find((h) => h.name === "h100_sxm-x8")!;
  const facts = { family: "offload", hardware, leastGpus: 2, kvWastes: ["0.01", "0.4"] };
  const space = defaultSpace(facts, new Set(["gpus", "dram", "kvWaste"]));
  assert.deepEqual(space.map((d) => d.key), ["dram", "gpus", "kvWaste"]);
  assert.equal(Number(space[0].values.at(-1)), hardware.dram!.capacityBytes / 2);
  assert.deepEqual(space[1].values, ["8", "4", "2"], "no count on which the weights do not fit");
  assert.deepEqual(space[2].values, ["0.01", "0.4"]);
});

test("neighbours differ in one dimension: sizes and instances by factors of two, others by value", () => {
  const dimensions = [
    { key: "dram", values: ["0", String(8 * 2 ** 30), String(64 * 2 ** 30)] },
    { key: "instances", values: ["1", "2"] },
    { key: "admission", values: ["first", "second"] },
  ];
  const at = (dram: number, instances: string) =>
    neighbours({ dram: String(dram * 2 ** 30), instances, admission: "first" }, dimensions);
  const shown = at(64, "2").map((s) => [Number(s.dram) / 2 ** 30, s.instances, s.admission]);
  assert.deepEqual(shown, [[32, "2", "first"], [64, "4", "first"], [64, "1", "first"], [
    64,
    "2",
    "second",
  ]]);
  assert.ok(at(64, "64").every((s) => s.instances !== "128"), "a search does not buy a whole city");
  assert.deepEqual(at(0, "1").map((s) => s.dram), ["8589934592", "68719476736", "0", "0"]);
});

test("reserved tiers are charged whole, and a baseline stores nothing below the GPU", () => {
  const usage: Usage = {
    wallSeconds: 10,
    functionalUnits: {},
    devices: [],
    flows: [],
    held: [{ tier: "dram", byteSeconds: 1 }, { tier: "hbm", byteSeconds: 5 }],
    evidence: "modelled",
  };
  const reserved = reservedUsage(usage, { dram: 100, ssd: 0 });
  assert.deepEqual(reserved.held, [{ tier: "hbm", byteSeconds: 5 }, {
    tier: "dram",
    byteSeconds: 1000,
  }]);
  assert.equal(isBaseline(reserved), false);
  assert.equal(isBaseline({ ...usage, held: [{ tier: "hbm", byteSeconds: 5 }] }), true);
});
