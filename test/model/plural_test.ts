import assert from "node:assert/strict";
import { test } from "node:test";
import { counted } from "../../src/model/plural.ts";

test("one thing is singular; none and many are plural, with separators of thousands", () => {
  assert.equal(counted(1, "block"), "1 block");
  assert.equal(counted(0, "block"), "0 blocks");
  assert.equal(counted(2, "query", "queries"), "2 queries");
  assert.equal(counted(1_234_567, "operation"), "1,234,567 operations");
});
