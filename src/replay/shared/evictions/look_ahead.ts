import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";

/** Blocks that a waiting request will use, and all others; each in order of the last touch. */
const AWAITED = 0, OTHERS = 1;

function create({ capacityBlocks, uniqueBlocks }: EvictionSetup): EvictionState {
  const lists = createBlockLists(uniqueBlocks, 2);
  const claims = new Uint16Array(uniqueBlocks);
  const size = (): number => lists.sizeOf(AWAITED) + lists.sizeOf(OTHERS);
  const place = (block: number): void => {
    lists.pushFront(claims[block] > 0 ? AWAITED : OTHERS, block);
  };
  return {
    has: (block) => lists.listOf(block) >= 0,
    touch(block, evicted) {
      if (lists.listOf(block) >= 0) {
        lists.remove(block);
        place(block);
        return true;
      }
      if (size() >= capacityBlocks) {
        const victim = lists.sizeOf(OTHERS) > 0 ? lists.back(OTHERS) : lists.back(AWAITED);
        lists.remove(victim);
        evicted?.push(victim);
      }
      place(block);
      return false;
    },
    claim(block, change) {
      claims[block] += change;
      const list = lists.listOf(block);
      if (list < 0 || (list === AWAITED) === (claims[block] > 0)) return;
      lists.remove(block);
      place(block);
    },
    remove(block) {
      if (lists.listOf(block) < 0) return false;
      lists.remove(block);
      return true;
    },
    get size() {
      return size();
    },
  };
}

export const eviction: Eviction = {
  name: "look-ahead",
  summary: "least recent order, but blocks that a waiting request will use go last",
  reference:
    "CachedAttention (ATC 2024), scheduler-aware eviction: the look-ahead window over the queue is " +
    "exempt while anything else can go; without a queue (replay cache) it is lru",
  create,
};
