import { COUNT_PACK, type Eviction, type EvictionSetup, type EvictionState } from "../eviction.ts";

/**
 * Least recently used over dense ids: a circular list in one typed array, the two links of a block side
 * by side so that a touch costs one cache line a block it meets.
 */
function create({ capacityBlocks, uniqueBlocks, deferEviction }: EvictionSetup): EvictionState {
  const sentinel = uniqueBlocks;
  // links[2b] towards the least recent end, -1 when absent; links[2b+1] towards the most recent end.
  const links = new Int32Array(2 * (uniqueBlocks + 1)).fill(-1);
  links[2 * sentinel] = links[2 * sentinel + 1] = sentinel;
  const limit = deferEviction ? Infinity : capacityBlocks;
  let size = 0;

  const evictOldest = (evicted?: number[]): void => {
    const victim = links[2 * sentinel + 1];
    const ahead = links[2 * victim + 1];
    links[2 * ahead] = sentinel;
    links[2 * sentinel + 1] = ahead;
    links[2 * victim] = -1;
    size--;
    evicted?.push(victim);
  };
  const touch = (block: number, evicted?: number[]): boolean => {
    const behind = links[2 * block];
    if (behind >= 0) {
      const ahead = links[2 * block + 1];
      if (ahead !== sentinel) {
        links[2 * ahead] = behind;
        links[2 * behind + 1] = ahead;
        const first = links[2 * sentinel];
        links[2 * block] = first;
        links[2 * block + 1] = sentinel;
        links[2 * first + 1] = block;
        links[2 * sentinel] = block;
      }
      return true;
    }
    if (size >= limit) evictOldest(evicted);
    const first = links[2 * sentinel];
    links[2 * block] = first;
    links[2 * block + 1] = sentinel;
    links[2 * first + 1] = block;
    links[2 * sentinel] = block;
    size++;
    return false;
  };
  return {
    has: (block) => links[2 * block] >= 0,
    touch,
    remove(block) {
      const behind = links[2 * block];
      if (behind < 0) return false;
      const ahead = links[2 * block + 1];
      links[2 * ahead] = behind;
      links[2 * behind + 1] = ahead;
      links[2 * block] = -1;
      size--;
      return true;
    },
    get size() {
      return size;
    },
    settle(evicted) {
      while (size > capacityBlocks) evictOldest(evicted);
    },
    touchRange(blocks, start, end) {
      let hits = 0;
      for (let i = start; i < end; i++) if (touch(blocks[i])) hits++;
      return hits;
    },
    countRange(blocks, start, end) {
      let i = start;
      while (i < end && links[2 * blocks[i]] >= 0) i++;
      const prefix = i - start;
      let resident = prefix;
      for (i++; i < end; i++) if (links[2 * blocks[i]] >= 0) resident++;
      return prefix + resident * COUNT_PACK;
    },
  };
}

export const eviction: Eviction = {
  name: "lru",
  summary: "evict the block touched longest ago",
  reference: "least recently used; touch order and time of eviction as in the two rules of --touch",
  deferrable: true,
  create,
};
