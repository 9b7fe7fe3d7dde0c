import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { parseAllocConf } from "../../../src/replay/allocator/alloc_conf.ts";
import { CachingAllocator } from "../../../src/replay/allocator/caching.ts";
import { createDevice } from "../../../src/replay/allocator/device.ts";
import { countersOf } from "../../../src/replay/allocator/heap_line.ts";
import { createRandom } from "../../../src/stats/random.ts";
import { PlainCaching } from "./plain_caching.ts";

const MIB = 2 ** 20;
const CONFS = [
  "",
  "max_split_size_mb:21",
  "max_split_size_mb:64",
  "max_split_size_mb:32,max_non_split_rounding_mb:40",
  "garbage_collection_threshold:0.5",
  "garbage_collection_threshold:0.8,max_split_size_mb:40",
  "roundup_power2_divisions:8",
  "roundup_power2_divisions:[1:2,2:4,16:8,>:16]",
  "large_segment_size_mb:8",
  "expandable_segments:True",
  "expandable_segments:True,max_split_size_mb:64",
  "expandable_segments:True,garbage_collection_threshold:0.6,roundup_power2_divisions:4",
];

/** Operations a configuration and seed; SPILLWAY_FUZZ multiplies them. */
const OPERATIONS = 1500 * Number(process.env.SPILLWAY_FUZZ ?? 1);

for (const [number, text] of CONFS.entries()) {
  test(`two models of PyTorch's allocator agree on every address and counter with "${text}"`, () => {
    for (const [seed, capacityMib] of [[1, 160], [2, 600], [3, 1 << 20]] as const) {
      const random = createRandom(number * 100 + seed);
      const capacity = capacityMib * MIB;
      const conf = parseAllocConf(text);
      const device = createDevice(capacity);
      const real = new CachingAllocator(device, conf);
      const plain = new PlainCaching(capacity, conf);
      type Pair = { block: number; twin: ReturnType<PlainCaching["malloc"]> };
      const live: Pair[] = [];
      for (let i = 0; i < OPERATIONS; i++) {
        const dice = random.float();
        let what = "";
        if (dice < 0.5) {
          const scale = random.float();
          const size = Math.ceil(
            2 ** (scale < 0.4 ? 20 * random.float() : 18 + 9 * random.float()),
          );
          const stream = 16 * random.integer(3);
          what = `malloc ${size} on ${stream}`;
          const block = real.malloc(size, stream);
          const twin = plain.malloc(size, stream);
          assert.equal(block < 0 ? null : real.addressOf(block), twin?.ptr ?? null, what);
          if (block >= 0) {
            assert.equal(real.sizeOf(block), twin!.size, what);
            live.push({ block, twin });
          }
        } else if (dice < 0.93 && live.length > 0) {
          const at = random.integer(live.length);
          const [{ block, twin }] = live.splice(at, 1);
          const uses = random.float() < 0.15 ? 1 + random.integer(2) : 0;
          for (let k = 0; k < uses; k++) {
            const stream = 16 * random.integer(3);
            real.recordStream(block, stream);
            if (stream !== twin!.stream) twin!.uses.add(stream);
          }
          what = `free after ${uses} uses`;
          real.free(block);
          plain.release(twin!);
        } else if (dice < 0.97) {
          const stream = 16 * random.integer(3);
          what = `stream ${stream} is done`;
          real.streamDone(stream);
          plain.done(stream);
        } else if (dice < 0.985) {
          what = "empty the cache";
          real.emptyCache();
          plain.releaseCached();
        } else if (dice < 0.99) {
          const fraction = 0.4 + 0.6 * random.float();
          what = `fraction ${fraction}`;
          real.setFraction(fraction);
          plain.limit = Math.floor(fraction * capacity);
        }
        const counters = countersOf(real);
        for (const [name, value] of Object.entries(plain.c)) {
          if (counters[name] !== value) {
            assert.equal(counters[name], value, `${name} after operation ${i}: ${what}`);
          }
        }
        assert.equal(counters.device_used, plain.used, `operation ${i}: ${what}`);
        assert.equal(
          counters.requested + counters.internal + counters.external,
          counters.reserved,
          "conservation",
        );
      }
      assert.ok(plain.c.num_device_alloc > 0);
    }
  });
}

test("a small request that finds no room leaves large blocks to the release of the whole cache", () => {
  const conf = parseAllocConf("max_split_size_mb:21");
  const real = new CachingAllocator(createDevice(50 * MIB), conf);
  const plain = new PlainCaching(50 * MIB, conf);
  real.free(real.malloc(30 * MIB, 0));
  plain.release(plain.malloc(30 * MIB, 0)!);
  for (const size of [20 * MIB, 1000]) {
    assert.equal(real.addressOf(real.malloc(size, 0)), plain.malloc(size, 0)!.ptr);
  }
  const counters = countersOf(real);
  for (const [name, value] of Object.entries(plain.c)) assert.equal(counters[name], value, name);
  // The 30 MiB went with the cache: a retry that waits for the device, not a quiet release of one block.
  assert.equal(plain.c.num_alloc_retries, 1);
  assert.equal(plain.c.num_device_free, 1);
});
