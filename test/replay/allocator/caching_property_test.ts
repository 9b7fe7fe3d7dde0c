import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllocConf } from "../../../src/replay/allocator/alloc_conf.ts";
import { CachingAllocator } from "../../../src/replay/allocator/caching.ts";
import { createDevice } from "../../../src/replay/allocator/device.ts";
import { createRandom } from "../../../src/stats/random.ts";

const MIB = 2 ** 20;
const CONFS = [
  "",
  "max_split_size_mb:64",
  "garbage_collection_threshold:0.6",
  "roundup_power2_divisions:8",
  "max_split_size_mb:32,max_non_split_rounding_mb:40",
  "expandable_segments:True",
  "expandable_segments:True,max_split_size_mb:64",
  "roundup_power2_divisions:[256:1,512:2,1024:4,>:8]",
];

/** The invariants of a heap, from its segments alone. */
function checkHeap(allocator: CachingAllocator, expandedPool: boolean): void {
  let reserved = 0;
  let active = 0;
  let previousEnd = -1;
  for (const segment of allocator.segments()) {
    assert.ok(segment.address >= previousEnd, "segments overlap");
    previousEnd = segment.address + segment.totalSize;
    let at = segment.address;
    let wasFree = false;
    for (const block of segment.blocks) {
      assert.equal(block.address, at, "blocks leave no gap and do not overlap");
      assert.equal(block.size % 512, 0);
      const free = block.state === "inactive";
      assert.ok(!(free && wasFree), "two free neighbours");
      wasFree = free;
      at += block.size;
      if (!free) active += block.size;
      if (segment.large && expandedPool) {
        assert.ok(block.size > MIB, "a small block in the large pool");
      }
    }
    reserved += segment.totalSize;
  }
  assert.equal(reserved, allocator.stats.reserved);
  assert.equal(active, allocator.stats.active);
}

for (const [seed, text] of CONFS.entries()) {
  test(`random operations keep the heap whole with "${text}"`, () => {
    const random = createRandom(seed + 1);
    const device = createDevice(3 * 1024 * MIB);
    const allocator = new CachingAllocator(device, parseAllocConf(text));
    if (text.includes("garbage")) allocator.setFraction(0.9);
    let live: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const dice = random.float();
      if (dice < 0.52) {
        const size = Math.ceil(2 ** (4 + random.float() * 24));
        const block = allocator.malloc(size, random.integer(3) * 16);
        if (block >= 0) live.push(block);
      } else if (dice < 0.97 && live.length > 0) {
        const at = random.integer(live.length);
        if (random.float() < 0.1) allocator.recordStream(live[at], random.integer(3) * 16);
        allocator.free(live[at]);
        live[at] = live[live.length - 1];
        live.pop();
      } else if (dice < 0.995) allocator.streamDone(random.integer(3) * 16);
      else allocator.emptyCache();
      if (i % 500 === 0) checkHeap(allocator, !text.includes("expandable"));
    }
    for (const block of live) allocator.free(block);
    live = [];
    for (const stream of [0, 16, 32]) allocator.streamDone(stream);
    allocator.emptyCache();
    assert.equal(allocator.stats.allocated, 0);
    assert.equal(allocator.stats.active, 0);
    assert.equal(allocator.stats.requested, 0);
    assert.equal(allocator.stats.reserved, 0, "all freed means empty");
    assert.equal(allocator.stats.inactiveSplit, 0);
    assert.equal(device.usedBytes, 0);
  });
}

test("the same operations give the same addresses", () => {
  const addresses = () => {
    const random = createRandom(5);
    const allocator = new CachingAllocator(createDevice(2 ** 40), parseAllocConf(""));
    const live: number[] = [];
    const seen: number[] = [];
    for (let i = 0; i < 3000; i++) {
      const block = allocator.malloc(1 + random.integer(64 * MIB), 0);
      seen.push(allocator.table.address[block]);
      live.push(block);
      if (live.length > 40) allocator.free(live.splice(random.integer(40), 1)[0]);
    }
    return seen;
  };
  assert.deepEqual(addresses(), addresses());
});

test("an allocator configuration with a mistake names the key", () => {
  for (
    const bad of [
      "max_split_size_mb:10",
      "max_split_size_mb:x",
      "garbage_collection_threshold:2",
      "roundup_power2_divisions:3",
      "roundup_power2_divisions:[3:2]",
      "foo:1",
      "expandable_segments:maybe",
    ]
  ) {
    assert.throws(() => parseAllocConf(bad), {
      kind: "usage",
      message: new RegExp(bad.split(":")[0]),
    }, bad);
  }
});
