import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";

function create({ capacityBlocks, uniqueBlocks, deferEviction }: EvictionSetup): EvictionState {
  const queue = createBlockLists(uniqueBlocks, 1);
  const settle = (evicted?: number[]): void => {
    while (queue.sizeOf(0) > capacityBlocks) {
      const victim = queue.back(0);
      queue.remove(victim);
      evicted?.push(victim);
    }
  };
  return {
    has: (block) => queue.listOf(block) >= 0,
    touch(block, evicted) {
      if (queue.listOf(block) >= 0) return true;
      queue.pushFront(0, block);
      if (!deferEviction) settle(evicted);
      return false;
    },
    remove(block) {
      if (queue.listOf(block) < 0) return false;
      queue.remove(block);
      return true;
    },
    get size() {
      return queue.sizeOf(0);
    },
    settle,
  };
}

export const eviction: Eviction = {
  name: "fifo",
  summary: "evict the block inserted longest ago; a hit changes nothing",
  reference: "first in, first out, classic: the oldest leaves when the size is exceeded",
  deferrable: true,
  create,
};
