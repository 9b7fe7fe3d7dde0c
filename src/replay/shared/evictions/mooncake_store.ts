import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";
import { createMooncakeDrive, DRIVE_RULES } from "../mooncake_drive.ts";

const HIGH_WATERMARK = 0.9;
/** Share of the blocks that one round of eviction frees at least. */
const EVICTION_RATIO = 0.05;
const LEASE_SECONDS = 10;

/**
 * The rules of the Mooncake store's memory pool: eviction starts above the high watermark and frees a
 * share of the pool in (approximately) least recent order; a block read within its lease stays. When
 * every block is leased, a newcomer is not admitted.
 */
function create(setup: EvictionSetup): EvictionState {
  if (setup.medium === "drive") return createMooncakeDrive(setup);
  const { capacityBlocks, uniqueBlocks } = setup;
  const lists = createBlockLists(uniqueBlocks, 1);
  const leasedUntil = new Float64Array(uniqueBlocks);
  const watermark = Math.max(1, Math.floor(capacityBlocks * HIGH_WATERMARK));
  const share = Math.max(1, Math.floor(capacityBlocks * EVICTION_RATIO));
  let now = 0;

  const evictRound = (evicted?: number[]): void => {
    const keep = Math.max(0, Math.min(watermark - 1, lists.sizeOf(0) - share));
    for (let block = lists.back(0); block >= 0 && lists.sizeOf(0) > keep;) {
      const ahead = lists.towardsFront(block);
      if (leasedUntil[block] <= now) {
        lists.remove(block);
        evicted?.push(block);
      }
      block = ahead;
    }
  };
  return {
    has: (block) => lists.listOf(block) >= 0,
    beginRequest({ timeSeconds }) {
      now = Math.max(now, timeSeconds);
    },
    touch(block, evicted) {
      if (lists.listOf(block) >= 0) {
        lists.remove(block);
        lists.pushFront(0, block);
        leasedUntil[block] = now + LEASE_SECONDS;
        return true;
      }
      if (lists.sizeOf(0) >= watermark) evictRound(evicted);
      if (lists.sizeOf(0) >= capacityBlocks) {
        evicted?.push(block);
        return false;
      }
      lists.pushFront(0, block);
      leasedUntil[block] = now;
      return false;
    },
    remove(block) {
      if (lists.listOf(block) < 0) return false;
      lists.remove(block);
      return true;
    },
    get size() {
      return lists.sizeOf(0);
    },
  };
}

export const eviction: Eviction = {
  name: "mooncake-store",
  summary: "least recent order above a high watermark, with read leases; on drives FIFO by buckets",
  reference:
    "Mooncake store documentation (2026): memory: high watermark 0.90, lease 10 s, eviction ratio " +
    "0.05; drives: watermarks 0.90 and 0.80, buckets of 256 MB, promotion after 2 reads; without " +
    "pins, and in exact instead of sampled order",
  params: {
    highWatermark: HIGH_WATERMARK,
    evictionRatio: EVICTION_RATIO,
    leaseSeconds: LEASE_SECONDS,
    ...DRIVE_RULES,
  },
  create,
};
