import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cornerInterval, type Variable } from "../../src/estimate/interval.ts";
import { compareFormulas, crossover, describeStability } from "../../src/estimate/verdict.ts";
import { near } from "./near.ts";

const v = (id: string, low: number, value: number, high: number): Variable => ({
  id,
  low,
  value,
  high,
});

test("the interval of a monotone formula comes from its corners", () => {
  const interval = cornerInterval((get) => get("a") / get("b"), [v("a", 1, 2, 3), v("b", 2, 4, 8)]);
  assert.deepEqual(interval, { low: 1 / 8, mid: 0.5, high: 1.5 });
});

test("a variable whose low end is the larger number is no trouble", () => {
  const interval = cornerInterval((get) => 100 / get("gb"), [v("gb", 20, 10, 5)]);
  assert.deepEqual(interval, { low: 5, mid: 10, high: 20 });
});

test("many variables: the climb finds the same corners as sums of products have", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 50 })), {
      minLength: 14,
      maxLength: 20,
    }),
    (pairs) => {
      const vars = pairs.map(([low, width], i) => v(`x${i}`, low, low + width / 2, low + width));
      const formula = (get: (id: string) => number) =>
        vars.reduce((sum, x, i) => i % 3 === 0 ? sum - get(x.id) : sum + get(x.id), 0);
      const interval = cornerInterval(formula, vars);
      const low = vars.reduce((s, x, i) => i % 3 === 0 ? s - x.high : s + x.low, 0);
      const high = vars.reduce((s, x, i) => i % 3 === 0 ? s - x.low : s + x.high, 0);
      near(interval.low, low, 1e-9);
      near(interval.high, high, 1e-9);
    },
  ));
});

test("a formula that reads an undeclared coefficient is a bug, not a zero", () => {
  assert.throws(() => cornerInterval((get) => get("b"), [v("a", 1, 2, 3)]), /"b"/);
});

test("shared coefficients are tied: twice as much of the same is always more", () => {
  const one = (get: (id: string) => number) => get("g");
  const two = (get: (id: string) => number) => 2 * get("g");
  const stability = compareFormulas(one, two, [v("g", 3, 55, 160)]);
  assert.equal(stability.verdict, "always");
  assert.deepEqual(stability.difference, { low: -160, mid: -55, high: -3 });
  // The intervals 3..160 and 6..320 overlap: their difference would have said "depends".
  assert.equal(compareFormulas(two, one, [v("g", 3, 55, 160)]).verdict, "never");
});

test("a verdict that depends names the coefficient and where it flips", () => {
  const ssd = (get: (id: string) => number) => get("ssd.embodied");
  const stability = compareFormulas(ssd, () => 41, [v("ssd.embodied", 2.9, 30, 160)]);
  assert.equal(stability.verdict, "depends");
  near(stability.flips[0].at, 41, 1e-9);
  assert.equal(
    describeStability(stability, () => "gCO2e/GB"),
    "it flips at ssd.embodied > 41 gCO2e/GB",
  );
});

test("a flip that needs two coefficients at once is said so", () => {
  const f = (get: (id: string) => number) => get("a") + get("b") - 3.5;
  const stability = compareFormulas(f, () => 0, [v("a", 0, 1, 2), v("b", 0, 1, 2)]);
  assert.equal(stability.verdict, "depends");
  assert.match(describeStability(stability, () => ""), /several coefficients together/);
});

test("equal formulas are equal", () => {
  const f = (get: (id: string) => number) => get("a");
  assert.equal(compareFormulas(f, f, [v("a", 0, 1, 2)]).verdict, "equal");
});

test("a percentage comes only from seeded sampling, and the same seed gives the same one", () => {
  const f = (get: (id: string) => number) => get("a");
  const vars = [v("a", 0, 1, 4)];
  assert.equal(compareFormulas(f, () => 1, vars).sampledShare, null);
  const sampled = () => compareFormulas(f, () => 1, vars, { seed: 7, count: 4000 }).sampledShare!;
  assert.equal(sampled(), sampled());
  assert.ok(Math.abs(sampled() - 0.25) < 0.03);
});

test("a crossover sweep finds the crossing", () => {
  const swept = crossover(
    (get) => 2 * get("g"),
    (get) => 300 + get("g"),
    [v("g", 0, 400, 800)],
    "g",
    0,
    800,
    9,
  );
  near(swept.crossesAt, 300, 1e-9);
  assert.equal(swept.points.length, 9);
});
