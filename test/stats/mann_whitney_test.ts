import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wilcoxonRankSum } from "simple-statistics";
import { holm } from "../../src/stats/holm.ts";
import { mannWhitney, smallestP } from "../../src/stats/mann_whitney.ts";
import { hodgesLehmannRatio, median } from "../../src/stats/median.ts";

test("three against three can never reach 0.05: its smallest p is 0.1", () => {
  assert.equal(mannWhitney([1, 2, 3], [4, 5, 6]).p, 0.1);
  assert.equal(smallestP(3, 3), 0.1);
});

test("exact p values of published tables", () => {
  // Five against five completely apart: 2 / C(10, 5).
  assert.ok(Math.abs(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).p - 2 / 252) < 1e-12);
  // U = 4 of 5 and 5: 12 of the 252 orders give U <= 4... counted from the recurrence by hand: 1+1+2+3+5.
  const { u, p } = mannWhitney([1, 2, 3, 4, 9], [5, 6, 7, 8, 10]);
  assert.equal(u, 4);
  assert.ok(Math.abs(p - 2 * 12 / 252) < 1e-12);
});

test("the rank sum agrees with an independent implementation", () => {
  const samples = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 8 });
  fc.assert(fc.property(samples, samples, (a, b) => {
    const u = mannWhitney(a, b).u;
    assert.ok(Math.abs(u + a.length * (a.length + 1) / 2 - wilcoxonRankSum(a, b)) < 1e-9);
  }));
});

/** p by brute force over every assignment of the pooled values. */
function bruteForce(a: number[], b: number[]): number {
  const pool = [...a, ...b];
  const uOf = (x: number[], y: number[]) =>
    x.reduce((s, v) => s + y.reduce((t, w) => t + (v > w ? 1 : v === w ? 0.5 : 0), 0), 0);
  const mean = a.length * b.length / 2;
  const observed = Math.abs(uOf(a, b) - mean) - 1e-9;
  let extreme = 0;
  let total = 0;
  for (let mask = 0; mask < 1 << pool.length; mask++) {
    const x = pool.filter((_, i) => mask & (1 << i));
    if (x.length !== a.length) continue;
    const y = pool.filter((_, i) => !(mask & (1 << i)));
    total++;
    if (Math.abs(uOf(x, y) - mean) >= observed) extreme++;
  }
  return extreme / total;
}

test("small samples, with ties and without, give the brute-force p", () => {
  const values = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(values, values, (a, b) => {
      const { p, method } = mannWhitney(a, b);
      assert.equal(method, "exact");
      assert.ok(Math.abs(p - bruteForce(a, b)) < 1e-9, `${a} | ${b}: ${p}`);
    }),
    { numRuns: 60 },
  );
});

test("the normal approximation is near the exact value for large samples", () => {
  const a = Array.from({ length: 40 }, (_, i) => i * 2);
  const b = Array.from({ length: 40 }, (_, i) => i * 2 + 15);
  const exact = mannWhitney(a, b);
  assert.equal(exact.method, "exact");
  const many = (values: readonly number[]) => values.flatMap((v) => [v, v]);
  const normal = mannWhitney(many(a), many(b.map((v) => v - 12)));
  assert.equal(normal.method, "normal");
  const half = mannWhitney(many(a).slice(0, 50), many(b.map((v) => v - 12)).slice(0, 50));
  assert.equal(half.method, "exact");
  const tied = mannWhitney([...a, 1000], [...b, 1000]);
  assert.equal(tied.method, "exact");
  assert.ok(Math.abs(tied.p - exact.p) < 0.02, `${tied.p} against ${exact.p}`);
});

test("ties of many runs are counted exactly: the counts of another derivation", () => {
  // Only two values: the number of ones in the first sample is hypergeometric, and p follows from it.
  const choose = (n: number, k: number) => {
    let result = 1;
    for (let i = 1; i <= k; i++) result = result * (n - k + i) / i;
    return k < 0 || k > n ? 0 : result;
  };
  const [n, m, ones] = [14, 16, 13];
  for (let inFirst = 0; inFirst <= ones; inFirst++) {
    const values = (size: number, high: number) =>
      Array.from({ length: size }, (_, i) => i < high ? 1 : 0);
    const { p, method } = mannWhitney(values(n, inFirst), values(m, ones - inFirst));
    const mean = ones * n / (n + m);
    let expected = 0;
    for (let k = 0; k <= ones; k++) {
      if (Math.abs(k - mean) < Math.abs(inFirst - mean) - 1e-9) continue;
      expected += choose(n, k) * choose(m, ones - k) / choose(n + m, ones);
    }
    assert.equal(method, "exact");
    assert.ok(Math.abs(p - expected) < 1e-9, `${inFirst}: ${p} against ${expected}`);
  }
});

test("the two sides may be swapped", () => {
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(fc.property(values, values, (a, b) => {
    assert.ok(Math.abs(mannWhitney(a, b).p - mannWhitney(b, a).p) < 1e-9);
  }));
});

test("Holm's adjustment of a worked example", () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => assert.ok(Math.abs(adjusted[i] - p) < 1e-12));
  assert.deepEqual(holm([]), []);
  assert.deepEqual(holm([0.9, 0.8]), [1, 1]);
});

test("medians and the Hodges-Lehmann ratio", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.throws(() => median([]), RangeError);
  assert.equal(hodgesLehmannRatio([2, 2, 2], [3, 3, 3]), 1.5);
});

test("scaling one side scales the Hodges-Lehmann ratio", () => {
  const values = fc.array(fc.double({ min: 1, max: 9, noNaN: true }), {
    minLength: 1,
    maxLength: 7,
  });
  fc.assert(fc.property(values, values, (a, b) => {
    const scaled = hodgesLehmannRatio(a, b.map((x) => x * 3));
    assert.ok(Math.abs(scaled / hodgesLehmannRatio(a, b) - 3) < 1e-9);
  }));
});
