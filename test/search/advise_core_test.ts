import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { metric, type Metrics, unknownMetric } from "../../src/model/metric.ts";
import { paretoFront } from "../../src/search/advise/pareto.ts";
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
