import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAllocConf } from "../../../src/replay/allocator/alloc_conf.ts";
import { BfcAllocator } from "../../../src/replay/allocator/bfc.ts";
import { BuddyHeap } from "../../../src/replay/allocator/buddy_heap.ts";
import { CachingAllocator } from "../../../src/replay/allocator/caching.ts";
import { createDevice } from "../../../src/replay/allocator/device.ts";
import { GmlakeAllocator } from "../../../src/replay/allocator/gmlake.ts";
import type { Heap } from "../../../src/replay/allocator/heap.ts";
import { planBySize } from "../../../src/replay/allocator/memory_plan.ts";
import { UncachedAllocator } from "../../../src/replay/allocator/uncached.ts";

const MIB = 2 ** 20;
const GMLAKE = { reuseLimit: 10, autoGcBytes: 1000 * 2 ** 30 };

/** Every allocator, on a device that is often full. */
const HEAPS: Readonly<Record<string, () => Heap>> = {
  "uncached": () => new UncachedAllocator(createDevice(200 * MIB)),
  "pytorch-caching": () => new CachingAllocator(createDevice(200 * MIB), parseAllocConf("")),
  "pytorch-caching, split limit": () =>
    new CachingAllocator(createDevice(200 * MIB), parseAllocConf("max_split_size_mb:32")),
  "pytorch-expandable": () =>
    new CachingAllocator(createDevice(200 * MIB), parseAllocConf("expandable_segments:True")),
  "gmlake": () =>
    new GmlakeAllocator(createDevice(200 * MIB), {
      ...GMLAKE,
      fragLimit: 8 * MIB,
      defragLevel: 0,
    }),
  "gmlake, late": () =>
    new GmlakeAllocator(createDevice(200 * MIB), {
      reuseLimit: 2,
      fragLimit: 2 * MIB,
      defragLevel: 1,
      autoGcBytes: 300 * MIB,
    }),
  "buddy": () => new BuddyHeap(256 * MIB, 512),
  "bfc": () =>
    new BfcAllocator(createDevice(200 * MIB), { limitBytes: 200 * MIB, allowGrowth: true }),
};

/** Where live blocks lie; GMLake's stitched ones lie over others, in addresses of their own. */
function checkOverlap(heap: Heap, live: readonly number[]): void {
  const blocks = live.map((b) => [heap.addressOf(b), heap.sizeOf(b)]).sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < blocks.length; i++) {
    assert.ok(blocks[i - 1][0] + blocks[i - 1][1] <= blocks[i][0], "two live blocks overlap");
  }
}

/** Segments account for every byte: blocks follow each other, and no two free ones stand side by side. */
function checkSegments(heap: Heap): void {
  let reserved = 0;
  let active = 0;
  for (const segment of heap.segments()) {
    let at = segment.address;
    let free = false;
    for (const block of segment.blocks) {
      assert.equal(block.address, at);
      assert.ok(!(free && block.state === "inactive"), "free neighbours are merged");
      free = block.state === "inactive";
      if (!free) active += block.size;
      at += block.size;
    }
    assert.equal(at, segment.address + segment.totalSize);
    reserved += segment.totalSize;
  }
  assert.equal(reserved, heap.stats.reserved);
  assert.equal(active, heap.stats.active);
}

function checkBytes(heap: Heap): void {
  const s = heap.stats;
  const internal = s.active - s.requested;
  const external = s.reserved - s.active;
  assert.ok(internal >= 0 && external >= 0 && s.stranded >= 0 && s.stranded <= external);
  assert.equal(s.requested + internal + external, s.reserved);
  assert.ok(s.allocated <= s.active && s.reserved <= s.peakReserved);
}

const operation = fc.record({
  dice: fc.integer({ min: 0, max: 99 }),
  exponent: fc.double({ min: 0, max: 25.5, noNaN: true }),
  pick: fc.nat(),
  stream: fc.integer({ min: 0, max: 2 }),
});

/** 8 heaps x 26 runs x 600 operations: more than 100,000. */
const RUNS = 26;
const OPERATIONS = 600;

for (const [name, make] of Object.entries(HEAPS)) {
  test(`${name}: ${RUNS * OPERATIONS} random operations conserve every byte`, () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: OPERATIONS, maxLength: OPERATIONS }),
        (operations) => {
          const heap = make();
          const live: number[] = [];
          operations.forEach(({ dice, exponent, pick, stream }, i) => {
            const at = live.length === 0 ? 0 : pick % live.length;
            if (dice < 52) {
              const block = heap.malloc(Math.ceil(2 ** exponent), stream, 0);
              if (block >= 0) live.push(block);
            } else if (dice < 92 && live.length > 0) {
              if (dice > 84) heap.recordStream(live[at], stream);
              heap.free(live.splice(at, 1)[0]);
            } else if (dice < 97) heap.streamDone(stream);
            else if (dice < 99) heap.emptyCache();
            else heap.setFraction(0.5 + (pick % 50) / 100);
            checkBytes(heap);
            if (i % 20 === 0) {
              checkOverlap(heap, live);
              checkSegments(heap);
            }
          });
          for (const block of live) heap.free(block);
          for (const stream of [0, 1, 2]) heap.streamDone(stream);
          heap.emptyCache();
          checkBytes(heap);
          assert.equal(heap.stats.active, 0);
          assert.equal(heap.stats.requested, 0);
          for (const s of heap.segments()) {
            assert.equal(s.blocks.length, 1, "one free block is left");
          }
        },
      ),
      { numRuns: RUNS, seed: 7 },
    );
  });
}

test("a private pool keeps its memory when the cache is given back", () => {
  const heap = new CachingAllocator(createDevice(200 * MIB), parseAllocConf(""));
  heap.free(heap.malloc(30 * MIB, 0, 1));
  heap.free(heap.malloc(40 * MIB, 0, 0));
  heap.emptyCache();
  assert.equal(heap.stats.reserved, 30 * MIB);
  assert.equal(heap.stats.stranded, 30 * MIB);
  const again = heap.malloc(30 * MIB, 0, 0);
  assert.equal(heap.stats.reserved, 60 * MIB, "the default pool does not use it");
  assert.ok(again >= 0);
});

test("GMLake never releases memory under an active stitched block", () => {
  const heap = new GmlakeAllocator(createDevice(100 * MIB), {
    ...GMLAKE,
    fragLimit: 10 * MIB,
    defragLevel: 0,
  });
  const parts = [20, 20, 20].map((mib) => heap.malloc(mib * MIB, 0));
  for (const part of parts) heap.free(part);
  const stitched = heap.malloc(60 * MIB, 0);
  assert.ok(heap.describe(stitched).fused);
  heap.free(stitched);
  // Half of the stitched block is used again: whole segments lie free under its tail.
  const half = heap.malloc(24 * MIB, 0);
  assert.ok(heap.describe(half).fused);
  const { reserved } = heap.stats;
  heap.emptyCache();
  assert.equal(heap.stats.reserved, reserved, "what the stitched block maps stays");
  heap.free(half);
  heap.emptyCache();
  assert.equal(heap.stats.reserved, 0);
});

test("the plan overlaps nothing that lives together, and is never below the bound", () => {
  const lifetime = fc.record({
    size: fc.integer({ min: 1, max: 50 }),
    start: fc.nat({ max: 60 }),
    length: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(fc.property(fc.array(lifetime, { maxLength: 60 }), (list) => {
    const lives = list.map(({ size, start, length }, id) => ({
      id,
      size,
      start,
      end: start + length,
      startNs: NaN,
      endNs: NaN,
    }));
    const placed = planBySize(lives);
    for (const a of placed) {
      for (const b of placed) {
        if (a.id >= b.id || a.end <= b.start || b.end <= a.start) continue;
        assert.ok(a.offset + a.size <= b.offset || b.offset + b.size <= a.offset);
      }
    }
    const peak = Math.max(0, ...placed.map((p) => p.offset + p.size));
    const liveAt = (t: number) =>
      lives.reduce((n, l) => n + (l.start <= t && t < l.end ? l.size : 0), 0);
    assert.ok(peak >= Math.max(0, ...lives.map((l) => liveAt(l.start))));
  }));
});
