import assert from "node:assert/strict";
import { test } from "node:test";
import { createNodePool } from "../../../src/replay/fault/node_pool.ts";

const none = { count: 0, seconds: [], kind: [], node: [], downSeconds: [] };

test("nodes come back in the order of their repairs, those of unknown down time never", () => {
  const pool = createNodePool(none, 4);
  assert.ok(pool.fail(1, 0, 50) && pool.fail(2, 5, 10) && pool.fail(3, 6, NaN));
  assert.equal(pool.fail(1, 7, 1), false, "it is down already");
  assert.deepEqual([pool.view().up, pool.nextRepair()], [1, 15]);
  pool.repair();
  assert.deepEqual([pool.view().up, pool.nextRepair()], [2, 50]);
  pool.repair();
  assert.deepEqual([pool.view().up, pool.nextRepair()], [3, Infinity]);
  assert.ok(pool.add(3, 60));
  assert.equal(pool.view().up, 4);
});

test("a node that arrived before its repair and is lost again stays down for its new time", () => {
  const pool = createNodePool(none, 2);
  pool.fail(0, 0, 100);
  pool.add(0, 50);
  pool.fail(0, 60, 500);
  assert.equal(pool.nextRepair(), 100);
  pool.repair();
  assert.equal(pool.view().up, 1);
  assert.equal(pool.nextRepair(), 560);
  pool.repair();
  assert.equal(pool.view().up, 2);
});
