import assert from "node:assert/strict";
import { test } from "node:test";
import { Bisection } from "../../src/search/min_capacity.ts";
import { openWorkers } from "../../src/runtime/worker_pool.ts";

function search(low: number, high: number, fits: (step: number) => boolean, atOnce: number) {
  const bisection = new Bisection(low, high);
  for (let round = 0; !bisection.done; round++) {
    assert.ok(round < 200, "the search comes to an end");
    const asked = bisection.next(atOnce);
    assert.ok(asked.length > 0, "an open search has something to ask");
    for (const step of asked) bisection.answer(step, fits(step));
  }
  return bisection.high;
}

test("the smallest capacity is found whatever the number of probes at once", () => {
  for (
    const [low, high, truth] of [[10, 20, 15], [10, 20, 11], [10, 20, 20], [0, 1, 1], [-1, 0, 0]]
  ) {
    for (const atOnce of [1, 2, 3, 8]) {
      assert.equal(search(low, high, (step) => step >= truth, atOnce), truth);
    }
  }
});

test("bounds that turn out wrong are moved", () => {
  assert.equal(search(5, 100, (step) => step >= 200, 2), 200);
  assert.equal(search(50, 100, (step) => step >= 3, 2), 3);
});

test("where smaller sizes fit again by chance, the found one fits and one step less does not", () => {
  const holes = new Set([23, 24, 31, 40]);
  const fits = (step: number) => step >= 20 && !holes.has(step);
  for (const atOnce of [1, 2, 5]) {
    const found = search(10, 64, fits, atOnce);
    assert.ok(fits(found) && !fits(found - 1), `${found}`);
    assert.equal(found, search(10, 64, fits, 1), "the number of cores changes nothing");
  }
});

test("workers take several rounds of jobs", async () => {
  const url = new URL("../runtime/worker_fixture.ts", import.meta.url).href;
  const data = Float64Array.of(1, 2, 3, 4);
  const pool = openWorkers<{ data: Float64Array }, { from: number }, number>(url, { data }, 2);
  try {
    assert.deepEqual(await pool.run([{ from: 0 }, { from: 2 }, { from: 3 }]), [10, 7, 4]);
    assert.deepEqual(await pool.run([]), []);
    assert.deepEqual(await pool.run([{ from: 1 }]), [9]);
  } finally {
    await pool.close();
  }
});
