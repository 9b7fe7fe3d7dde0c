import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCacheReplay } from "../../../src/replay/cache/cache_replay.ts";
import { eviction as arc } from "../../../src/replay/shared/evictions/arc.ts";
import { eviction as belady } from "../../../src/replay/shared/evictions/belady.ts";
import { eviction as lecar } from "../../../src/replay/shared/evictions/lecar.ts";
import { eviction as lfu } from "../../../src/replay/shared/evictions/lfu.ts";
import { eviction as s3fifo } from "../../../src/replay/shared/evictions/s3fifo.ts";
import { createRandom } from "../../../src/stats/random.ts";
import { arcHits, beladyHits, lecarHits, lfuHits, s3fifoHits } from "./paper_oracles.ts";
import { columnsOf } from "./request_columns.ts";

const UNIQUE = 60;
/** Streams with reuse at many distances: popular blocks, scans and loops after one another. */
const streams = fc.array(
  fc.oneof(
    fc.array(fc.nat(9), { minLength: 1, maxLength: 30 }),
    fc.array(fc.nat(UNIQUE - 1), { minLength: 1, maxLength: 30 }),
    fc.record({ from: fc.nat(UNIQUE - 1), length: fc.integer({ min: 1, max: 30 }) }).map((
      { from, length },
    ) => Array.from({ length }, (_, i) => (from + i) % UNIQUE)),
  ),
  { minLength: 1, maxLength: 25 },
).map((parts) => parts.flat());
const capacities = fc.integer({ min: 1, max: 40 });

function streamHits(
  eviction: typeof arc,
  stream: readonly number[],
  capacityBlocks: number,
): number {
  const replay = createCacheReplay(
    { eviction, capacityBlocks, touch: "head", seed: 5 },
    UNIQUE,
    1,
  );
  replay.feed(columnsOf(stream.map((block) => [block])));
  return replay.finish().streamHitBlocks;
}

const ORACLES = [
  ["arc", arc, arcHits],
  ["s3fifo", s3fifo, s3fifoHits],
  ["lfu", lfu, lfuHits],
  ["belady", belady, beladyHits],
  ["lecar", lecar, (stream: readonly number[], c: number) => {
    const random = createRandom(5);
    return lecarHits(stream, c, () => random.float());
  }],
] as const;

for (const [name, eviction, oracle] of ORACLES) {
  test(`${name} counts what its definition counts, stream by stream`, () => {
    fc.assert(
      fc.property(streams, capacities, (stream, capacity) => {
        assert.equal(streamHits(eviction, stream, capacity), oracle(stream, capacity));
      }),
      { numRuns: 300 },
    );
  });
}
