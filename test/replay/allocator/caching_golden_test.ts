import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllocConf } from "../../../src/replay/allocator/alloc_conf.ts";
import { CachingAllocator } from "../../../src/replay/allocator/caching.ts";
import { createDevice } from "../../../src/replay/allocator/device.ts";
import { needsShared, sharedText } from "../../shared.ts";

const skip = needsShared("golden/allocator/C1.json");

interface Golden {
  capacity: number;
  conf: string;
  ops: string[];
  expect: Record<string, unknown>[];
}

/** The counters of the golden files, by their names there. */
function countersOf(allocator: CachingAllocator, device: ReturnType<typeof createDevice>) {
  const s = allocator.stats;
  return {
    allocated: s.allocated,
    reserved: s.reserved,
    active: s.active,
    requested: s.requested,
    inactive_split: s.inactiveSplit,
    inactive_split_count: s.inactiveSplitCount,
    segments: s.segments,
    peak_allocated: s.peakAllocated,
    peak_reserved: s.peakReserved,
    peak_requested: s.peakRequested,
    num_alloc_retries: s.retries,
    num_ooms: s.ooms,
    num_device_alloc: s.deviceAllocs,
    num_device_free: s.deviceFrees,
    num_sync_all_streams: s.syncs,
    device_used: device.usedBytes,
    cudaMalloc: device.counters.malloc,
    cudaMalloc_fail: device.counters.mallocFail,
    cudaFree: device.counters.free,
    cuMemCreate: device.counters.create,
    cuMemMap: device.counters.map,
    cuMemUnmap: device.counters.unmap,
    cuMemRelease: device.counters.release,
    cuMemSetAccess: device.counters.setAccess,
    cuMemAddressReserve: device.counters.reserve,
  };
}

const NAMES = [
  ...Array.from({ length: 13 }, (_, i) => `C${i + 1}`),
  ...Array.from({ length: 6 }, (_, i) => `E${i + 1}`),
];

for (const name of NAMES) {
  test(
    `${name}: every operation has the address and the counters of the real allocator`,
    { skip },
    () => {
      const golden: Golden = JSON.parse(sharedText(`golden/allocator/${name}.json`));
      const device = createDevice(golden.capacity);
      const allocator = new CachingAllocator(device, parseAllocConf(golden.conf));
      const blocks = new Map<string, number>();
      golden.ops.forEach((op, at) => {
        const [kind, a, b, c] = op.split(" ");
        const expected = golden.expect[at];
        const where = `${op} (operation ${at})`;
        if (kind === "a") {
          const block = allocator.malloc(Number(b), Number(c ?? 0));
          blocks.set(a, block);
          const address = block < 0 ? null : allocator.table.address[block];
          const wanted = expected.addr === 0 || expected.oom ? null : expected.addr ?? null;
          assert.equal(address, wanted, where);
        } else if (kind === "f") {
          const block = blocks.get(a)!;
          if (block >= 0) allocator.free(block);
        } else if (kind === "r") allocator.recordStream(blocks.get(a)!, Number(b));
        else if (kind === "t") allocator.streamDone(Number(a));
        else if (kind === "e") allocator.emptyCache();
        else if (kind === "p") allocator.setFraction(Number(a));
        for (const [name, value] of Object.entries(countersOf(allocator, device))) {
          if (name in expected) assert.equal(value, expected[name], `${name} after ${where}`);
        }
        if (kind === "s") {
          const wanted = expected.segs as {
            address: number;
            total_size: number;
            stream: number;
            segment_type: string;
            is_expandable: boolean;
            blocks: { address: number; size: number; state: string }[];
          }[];
          assert.deepEqual(
            allocator.segments().map((s) => ({
              address: s.address,
              total_size: s.totalSize,
              stream: s.stream,
              segment_type: s.large ? "large" : "small",
              is_expandable: s.expandable,
              blocks: s.blocks.map(({ address, size, state }) => ({ address, size, state })),
            })),
            [...wanted].sort((x, y) => x.address - y.address).map((s) => ({
              address: s.address,
              total_size: s.total_size,
              stream: s.stream,
              segment_type: s.segment_type,
              is_expandable: s.is_expandable,
              blocks: s.blocks.map(({ address, size, state }) => ({
                address,
                size,
                state: state === "active_awaiting_free" ? "active_pending_free" : state,
              })),
            })),
            where,
          );
        }
      });
    },
  );
}
