import type { AllocConf } from "./alloc_conf.ts";
import { CachingAllocator } from "./caching.ts";
import { createDevice, type Device } from "./device.ts";
import { OP, type OpList } from "./op_list.ts";

/** Called after every operation that changed something. */
export type Observer = (allocator: CachingAllocator, at: number) => void;

export interface CachingRun {
  readonly allocator: CachingAllocator;
  readonly device: Device;
}

/**
 * Replays logical operations (what the program asked for) under the caching allocator with its own device.
 * Recorded segment events are not followed: they are what the policy decides.
 *
 * @param stopAtOom Ends at the first allocation that fails; enough for a search.
 */
export function replayCaching(
  ops: OpList,
  conf: AllocConf,
  capacityBytes: number,
  options: { stopAtOom?: boolean; observe?: Observer } = {},
): CachingRun {
  const device = createDevice(capacityBytes);
  const allocator = new CachingAllocator(device, conf);
  const blockOf = new Int32Array(ops.ids).fill(-1);
  for (let i = 0; i < ops.count; i++) {
    const id = ops.id[i];
    switch (ops.op[i]) {
      case OP.alloc:
        if (ops.size[i] === 0) break;
        blockOf[id] = allocator.malloc(ops.size[i], ops.stream[i]);
        if (blockOf[id] < 0 && options.stopAtOom) return { allocator, device };
        break;
      case OP.free:
        if (id >= 0 && blockOf[id] >= 0) allocator.free(blockOf[id]);
        if (id >= 0) blockOf[id] = -1;
        break;
      case OP.record_stream:
        if (id >= 0 && blockOf[id] >= 0) allocator.recordStream(blockOf[id], ops.stream[i]);
        break;
      case OP.stream_done:
        allocator.streamDone(ops.stream[i]);
        break;
      case OP.empty_cache:
        allocator.emptyCache();
        break;
      case OP.set_fraction:
        allocator.setFraction(ops.size[i]);
        break;
      default:
        continue;
    }
    options.observe?.(allocator, i);
  }
  return { allocator, device };
}

const STEP = 2 * 2 ** 20;

/**
 * The smallest capacity, in 2 MiB steps, that replays without out-of-memory: bisection between the peak of
 * the live bytes and what an unlimited device reserved. The found C fits and C - 2 MiB does not; smaller
 * ones may fit by chance, since giving the cache back changes the layout.
 */
export function smallestCapacity(ops: OpList, conf: AllocConf, unlimited: CachingRun): number {
  const fits = (capacity: number) =>
    replayCaching(ops, conf, capacity, { stopAtOom: true }).allocator.stats.ooms === 0;
  let low = Math.floor(unlimited.allocator.stats.peakAllocated / STEP) - 1;
  let high = Math.ceil(unlimited.allocator.stats.peakReserved / STEP);
  if (high === 0) return 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle * STEP)) high = middle;
    else low = middle;
  }
  return high * STEP;
}
