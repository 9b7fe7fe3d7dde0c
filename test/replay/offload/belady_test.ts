import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eviction as belady } from "../../../src/replay/shared/evictions/belady.ts";
import { createRequestOrder } from "../../../src/replay/shared/request_order.ts";
import { serve, type TestRequest } from "./serve.ts";

const UNIQUE = 12;
const lists = fc.array(
  fc.uniqueArray(fc.nat(UNIQUE - 1), { minLength: 1, maxLength: 5 }),
  { minLength: 1, maxLength: 40 },
);

function orderOf(requests: readonly (readonly number[])[]) {
  return createRequestOrder(
    {
      count: requests.length,
      at: (i) => ({ ids: Uint32Array.from(requests[i]), from: 0, to: requests[i].length }),
    },
    UNIQUE,
  );
}

test("the next request that lists a block is found, whatever the place in the trace", () => {
  fc.assert(fc.property(lists, (requests) => {
    const order = orderOf(requests);
    for (let block = 0; block < UNIQUE; block++) {
      for (let after = -1; after < requests.length; after++) {
        const next = requests.findIndex((ids, i) => i > after && ids.includes(block));
        assert.equal(order.next(block, after), next < 0 ? Infinity : next);
      }
    }
    assert.equal(order.next(UNIQUE, 0), Infinity);
  }));
});

test("by requests, belady gives up a block whose next request is the last to come", () => {
  fc.assert(fc.property(lists, fc.integer({ min: 1, max: 8 }), (requests, capacityBlocks) => {
    const order = orderOf(requests);
    const state = belady.create({ capacityBlocks, uniqueBlocks: UNIQUE, requests: order });
    const held = new Set<number>();
    requests.forEach((ids, index) => {
      state.beginRequest!({ timeSeconds: index, turn: -1, index });
      // Some are found in GPU memory: the tier hears of them without a touch.
      for (const block of ids) state.served!(block);
      for (const block of ids.filter((b) => (b + index) % 3 > 0)) {
        const evicted: number[] = [];
        assert.equal(state.touch(block, evicted), held.has(block));
        held.add(block);
        for (const victim of evicted) {
          const farthest = Math.max(...[...held].map((b) => order.next(b, index)));
          assert.equal(order.next(victim, index), farthest);
          assert.ok(held.delete(victim));
        }
        assert.equal(state.size, held.size);
        assert.ok(state.size <= capacityBlocks);
      }
    });
  }));
});

test("in the engine's tiers, belady keeps of a loop what comes back first, and LRU loses all", async () => {
  const loop = Array.from({ length: 40 }, (_, i): TestRequest => ({
    at: 2 * i,
    input: 640,
    output: 2,
    blocks: Array.from({ length: 10 }, (_, k) => (i % 8) * 10 + k),
  }));
  // Of the loop's 80 blocks the GPU holds 12 and the tier 40.
  const tier = { gpuBlocks: 12, ssd: 0, dram: 40 * 64 * 131_072 };
  const hits = async (eviction: string) =>
    (await serve("kv-offload", loop, { ...tier, eviction })).metric("dram_hit_blocks");
  assert.equal(await hits("lru"), 0);
  assert.ok(await hits("belady") >= 100);
});
