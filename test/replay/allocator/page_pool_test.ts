import assert from "node:assert/strict";
import { test } from "node:test";
import { PagePool } from "../../../src/replay/allocator/page_pool.ts";
import { replayFile, withFile } from "./ops_replay.ts";

/** A pool of groups of 100 tokens with running requests of these lengths, backed. */
function poolOf(groups: number, lengths: readonly number[], slots = lengths.length): PagePool {
  const pool = new PagePool(100, groups, slots);
  for (const length of lengths) assert.ok(pool.back(pool.admit(length)));
  return pool;
}

test("the background thread maps for the next token of all, and up to 9 tokens ahead for two groups", () => {
  const pool = poolOf(20, [91, 92, 100, 95, 96]);
  assert.deepEqual(pool.mapped, [1, 1, 1, 1, 1]);
  pool.mapAhead();
  // One ahead: the third. Then the first to reach a border looking further: the fifth, 5 tokens ahead.
  assert.deepEqual(pool.mapped, [1, 1, 2, 1, 2]);
  pool.mapAhead();
  // 6 ahead the fourth, 9 ahead the second; the first is 10 tokens from its border.
  assert.deepEqual(pool.mapped, [1, 2, 2, 2, 2]);
  pool.mapAhead();
  assert.deepEqual(pool.mapped, [1, 2, 2, 2, 2]);
  assert.deepEqual([pool.maps, pool.mapsAhead, pool.free], [9, 4, 11]);
});

test("the next token is mapped for all requests or, with too few pages, for none", () => {
  const all = poolOf(6, [100, 100, 100]);
  all.mapAhead();
  assert.deepEqual(all.mapped, [2, 2, 2]);
  const few = poolOf(3, [100, 100]);
  few.mapAhead();
  assert.deepEqual([few.mapped, few.free], [[1, 1], 1]);
});

test("pages of finished requests are taken for the next token, not for later ones", () => {
  const pool = poolOf(3, [100, 100, 100]);
  pool.finish(2);
  pool.lengths[1] = 95;
  pool.mapAhead();
  assert.deepEqual([pool.mapped, pool.free, pool.unmaps], [[2, 1, 0], 0, 1]);
});

test("with mapAhead only prompts are mapped before a step when memory is plenty", async () => {
  const csv = "input_tokens,output_tokens\n30,200\n7,90\n";
  await withFile("requests.csv", csv, async (path) => {
    const counts = async (mapAhead: boolean) => {
      const params = { slots: 4096, groupTokens: 16, mapAhead };
      const { metrics } = (await replayFile(path, "vattention", params)).outcome;
      return [metrics.page_map_count.value, metrics.page_map_ahead_count.value].map(Number);
    };
    const [maps, ahead] = await counts(true);
    // The prompts take 2 groups and 1; the rest is there when it is needed.
    assert.equal(maps - ahead, 3);
    const [without, none] = await counts(false);
    assert.equal(none, 0);
    assert.ok(maps >= without);
  });
});
