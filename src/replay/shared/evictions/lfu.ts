import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";
import { createFrequencyLists } from "../frequency_lists.ts";

function create({ capacityBlocks, uniqueBlocks, deferEviction }: EvictionSetup): EvictionState {
  const groups = createFrequencyLists(uniqueBlocks);
  const settle = (evicted?: number[]): void => {
    while (groups.size > capacityBlocks) {
      const victim = groups.least();
      groups.remove(victim);
      evicted?.push(victim);
    }
  };
  return {
    has: (block) => groups.frequencyOf(block) > 0,
    touch(block, evicted) {
      const hit = groups.frequencyOf(block) > 0;
      groups.touch(block);
      // The block just inserted takes part, so it can be the victim itself.
      if (!deferEviction) settle(evicted);
      return hit;
    },
    remove(block) {
      if (groups.frequencyOf(block) === 0) return false;
      groups.remove(block);
      return true;
    },
    get size() {
      return groups.size;
    },
    settle,
  };
}

export const eviction: Eviction = {
  name: "lfu",
  summary: "evict the block touched least often, among equals the one touched longest ago",
  reference: "least frequently used; the frequency starts again after an eviction",
  deferrable: true,
  create,
};
