import assert from "node:assert/strict";
import { test } from "node:test";
import { SpillwayError } from "../../src/model/errors.ts";
import { runOnWorkers, shareArrays } from "../../src/runtime/worker_pool.ts";

const MODULE = new URL("./worker_fixture.ts", import.meta.url).href;
const shared = shareArrays({ data: Float64Array.from([1, 2, 4, 8, 16]) });
const jobs = Array.from({ length: 12 }, (_, i) => ({ from: i % 5 }));

test("results come in the order of the jobs and do not depend on the number of workers", async () => {
  const expected = [31, 30, 28, 24, 16, 31, 30, 28, 24, 16, 31, 30];
  for (const workers of [1, 2, 3]) {
    assert.deepEqual(await runOnWorkers(MODULE, shared, jobs, { workers }), expected);
  }
});

test("a job that throws rejects with its number and message, and the workers end", async () => {
  await assert.rejects(
    runOnWorkers(MODULE, shared, [...jobs, { from: 0, fail: true }], { workers: 2 }),
    /job 12: told to fail/,
  );
});

test("what a user can mend comes out of a worker as it was thrown, with its advice", async () => {
  for (const workers of [1, 2]) {
    await assert.rejects(
      runOnWorkers(MODULE, shared, [...jobs, { from: 0, refuse: true }], { workers }),
      (error) =>
        error instanceof SpillwayError && error.kind === "usage" && error.message === "too small" &&
        error.hint === "give more",
    );
  }
});

test("no job is lost while a worker still loads its module", async () => {
  const slow = new URL("./slow_worker_fixture.ts", import.meta.url).href;
  assert.deepEqual(await runOnWorkers(slow, null, [1, 2, 3], { workers: 2 }), [2, 3, 4]);
});

test("progress counts every job once", async () => {
  const seen: number[] = [];
  await runOnWorkers(MODULE, shared, jobs, { workers: 2, onDone: (done) => seen.push(done) });
  assert.deepEqual(seen, jobs.map((_, i) => i + 1));
});

test("shared arrays keep their type and content and lie in shared memory", () => {
  const copy = shareArrays({ a: Uint32Array.from([7]), b: [Float64Array.from([0.5])], c: "x" });
  assert.ok(copy.a.buffer instanceof SharedArrayBuffer);
  assert.ok(copy.a instanceof Uint32Array && copy.a[0] === 7);
  assert.equal(copy.b[0][0], 0.5);
  assert.equal(copy.c, "x");
});
