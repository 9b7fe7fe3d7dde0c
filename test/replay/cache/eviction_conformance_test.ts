import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EVICTIONS } from "../../../src/registry/evictions.ts";
import { createCacheReplay, nextUses } from "../../../src/replay/cache/cache_replay.ts";
import { createLruCurve } from "../../../src/replay/cache/lru_curve.ts";
import { createSampledCurve } from "../../../src/replay/cache/sampled_curve.ts";
import type { EvictionState } from "../../../src/replay/shared/eviction.ts";
import { eviction as lru } from "../../../src/replay/shared/evictions/lru.ts";
import { columnsOf } from "./request_columns.ts";

const UNIQUE = 24;
const streams = fc.array(fc.nat(UNIQUE - 1), { minLength: 1, maxLength: 400 });
const lists = fc.array(fc.array(fc.nat(UNIQUE - 1), { maxLength: 12 }), { maxLength: 60 });
const capacities = fc.integer({ min: 1, max: UNIQUE + 2 });

for (const entry of EVICTIONS) {
  test(`${entry.name} never holds more than its capacity and reports every block it evicts`, async () => {
    const eviction = await entry.load();
    assert.ok(eviction.reference.length > 20, "a reference is present");
    fc.assert(fc.property(streams, capacities, (stream, capacity) => {
      const blocks = Uint32Array.from(stream);
      const future = { blocks, nextUse: nextUses(blocks, UNIQUE) };
      const capacityBlocks = entry.name === "infinite" ? Infinity : capacity;
      const state = eviction.create({ capacityBlocks, uniqueBlocks: UNIQUE, seed: 7, future });
      const resident = new Set<number>();
      stream.forEach((block, i) => {
        state.beginRequest?.({ timeSeconds: i, turn: i % 4 });
        const evicted: number[] = [];
        assert.equal(state.has(block), resident.has(block));
        assert.equal(state.touch(block, evicted), resident.has(block));
        resident.add(block);
        for (const victim of evicted) {
          assert.ok(resident.delete(victim), `evicted ${victim}, which was not resident`);
        }
        assert.equal(state.size, resident.size);
        assert.ok(state.size <= capacityBlocks);
        for (let b = 0; b < UNIQUE; b++) assert.equal(state.has(b), resident.has(b));
      });
    }));
  });

  test(`${entry.name} gives the same counts for the same seed`, async () => {
    const eviction = await entry.load();
    fc.assert(
      fc.property(lists, capacities, (requests, capacityBlocks) => {
        const run = () => {
          const replay = createCacheReplay(
            { eviction, capacityBlocks, touch: "head", seed: 3 },
            UNIQUE,
            16,
          );
          replay.feed(columnsOf(requests, { blockTokens: 16 }));
          return replay.finish();
        };
        assert.deepEqual(run(), run());
      }),
      { numRuns: 20 },
    );
  });

  test(`${entry.name} takes blocks out and forgets them`, async () => {
    const eviction = await entry.load();
    if (eviction.clairvoyant) return;
    fc.assert(
      fc.property(streams, capacities, (stream, capacityBlocks) => {
        const state: EvictionState = eviction.create({ capacityBlocks, uniqueBlocks: UNIQUE });
        stream.forEach((block, i) => {
          state.beginRequest?.({ timeSeconds: i, turn: -1 });
          if (i % 3 === 2) {
            const before = state.size;
            const was = state.has(block);
            assert.equal(state.remove(block), was);
            assert.equal(state.has(block), false);
            assert.equal(state.size, before - (was ? 1 : 0));
          } else state.touch(block);
          assert.ok(state.size <= capacityBlocks || entry.name === "infinite");
        });
      }),
      { numRuns: 50 },
    );
  });
}

test("no policy has more stream hits than belady", async () => {
  const evictions = await Promise.all(EVICTIONS.map((entry) => entry.load()));
  const optimum = evictions.find((e) => e.clairvoyant)!;
  fc.assert(fc.property(lists, capacities, (requests, capacityBlocks) => {
    const columns = columnsOf(requests);
    const hits = (eviction: typeof optimum) => {
      const replay = createCacheReplay(
        { eviction, capacityBlocks, touch: "head", seed: 1 },
        UNIQUE,
        1,
      );
      replay.feed(columns);
      return replay.finish().streamHitBlocks;
    };
    const best = hits(optimum);
    for (const eviction of evictions) {
      if (eviction.name !== "infinite") assert.ok(hits(eviction) <= best, eviction.name);
    }
  }));
});

test("the curve equals an exact LRU replay at every capacity, whatever the lists", () => {
  fc.assert(
    fc.property(lists, fc.constantFrom("head" as const, "tail" as const), (requests, touch) => {
      const columns = columnsOf(requests);
      const curve = createLruCurve(UNIQUE, touch);
      curve.feed(columns);
      const result = curve.finish();
      for (let capacityBlocks = 1; capacityBlocks <= UNIQUE + 1; capacityBlocks++) {
        const replay = createCacheReplay(
          { eviction: lru, capacityBlocks, touch, seed: 1 },
          UNIQUE,
          1,
        );
        replay.feed(columns);
        const { prefixHitBlocks, residentHitBlocks, streamHitBlocks } = replay.finish();
        assert.deepEqual(result.at(capacityBlocks), {
          prefixHitBlocks,
          residentHitBlocks,
          streamHitBlocks,
        });
      }
    }),
    { numRuns: 300 },
  );
});

test("the curve survives the compaction of its line", () => {
  // 300 blocks on a line of 4,096 places: 20,000 touches compact it several times.
  const requests = Array.from(
    { length: 2000 },
    (_, r) => Array.from({ length: 10 }, (_, k) => (r * 7919 + k * k * 31) % 300),
  );
  const columns = columnsOf(requests);
  const curve = createLruCurve(300, "head");
  curve.feed(columns);
  const result = curve.finish();
  for (const capacityBlocks of [1, 10, 77, 150, 299, 300]) {
    const replay = createCacheReplay(
      { eviction: lru, capacityBlocks, touch: "head", seed: 1 },
      300,
      1,
    );
    replay.feed(columns);
    assert.equal(result.at(capacityBlocks).streamHitBlocks, replay.finish().streamHitBlocks);
  }
});

test("a sample of everything is the exact curve", () => {
  const requests = Array.from(
    { length: 500 },
    (_, r) => Array.from({ length: 8 }, (_, k) => (r * 131 + k * 17) % 200),
  );
  const columns = columnsOf(requests);
  const exact = createLruCurve(200, "head");
  exact.feed(columns);
  const sampled = createSampledCurve(200, 1, 5);
  sampled.feed(columns);
  const result = sampled.finish();
  assert.equal(result.sampledBlocks, 4000);
  const error = Math.abs(result.at(1000).hitRatio - exact.finish().at(1000).streamHitBlocks / 4000);
  assert.ok(error < 1e-9, `${error}`);
});
