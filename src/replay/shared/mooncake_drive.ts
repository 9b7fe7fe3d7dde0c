import { createBlockLists } from "./block_lists.ts";
import type { EvictionSetup, EvictionState } from "./eviction.ts";

export const DRIVE_RULES = {
  driveHighWatermark: 0.9,
  driveLowWatermark: 0.8,
  driveBucketBytes: 256e6,
  promotionTouches: 2,
} as const;

/**
 * The Mooncake store on drives: blocks are appended to buckets of 256 MB; above the high watermark whole
 * buckets leave in the order they were written until the low one is reached. A block is copied back to
 * memory once it was read twice (the store estimates that with a count-min sketch; here it is counted).
 */
export function createMooncakeDrive(
  { capacityBlocks, uniqueBlocks, blockBytes }: EvictionSetup,
): EvictionState {
  const queue = createBlockLists(uniqueBlocks, 1);
  const bucketOf = new Uint32Array(uniqueBlocks);
  const touches = new Uint8Array(uniqueBlocks);
  const high = Math.max(1, Math.floor(capacityBlocks * DRIVE_RULES.driveHighWatermark));
  const low = Math.floor(capacityBlocks * DRIVE_RULES.driveLowWatermark);
  const perBucket = blockBytes === undefined || blockBytes <= 0
    ? 1
    : Math.max(1, Math.floor(DRIVE_RULES.driveBucketBytes / blockBytes));
  let appended = 0;

  const evictBuckets = (evicted?: number[]): void => {
    while (queue.sizeOf(0) > low) {
      const bucket = bucketOf[queue.back(0)];
      for (let block = queue.back(0); block >= 0 && bucketOf[block] === bucket;) {
        queue.remove(block);
        touches[block] = 0;
        evicted?.push(block);
        block = queue.back(0);
      }
    }
  };
  return {
    has: (block) => queue.listOf(block) >= 0,
    touch(block, evicted) {
      if (queue.listOf(block) >= 0) {
        if (touches[block] < 255) touches[block]++;
        return true;
      }
      if (queue.sizeOf(0) >= high) evictBuckets(evicted);
      bucketOf[block] = Math.floor(appended++ / perBucket);
      queue.pushFront(0, block);
      return false;
    },
    promotes: (block) => touches[block] >= DRIVE_RULES.promotionTouches,
    remove(block) {
      if (queue.listOf(block) < 0) return false;
      queue.remove(block);
      touches[block] = 0;
      return true;
    },
    get size() {
      return queue.sizeOf(0);
    },
  };
}
