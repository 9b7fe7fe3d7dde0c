import { COUNT_PACK, type Eviction, type EvictionSetup, type EvictionState } from "../eviction.ts";

function create({ uniqueBlocks }: EvictionSetup): EvictionState {
  const resident = new Uint8Array(uniqueBlocks);
  let size = 0;
  const touch = (block: number): boolean => {
    if (resident[block] === 1) return true;
    resident[block] = 1;
    size++;
    return false;
  };
  return {
    has: (block) => resident[block] === 1,
    touch,
    remove(block) {
      if (resident[block] === 0) return false;
      resident[block] = 0;
      size--;
      return true;
    },
    get size() {
      return size;
    },
    settle() {},
    touchRange(blocks, start, end) {
      let hits = 0;
      for (let i = start; i < end; i++) if (touch(blocks[i])) hits++;
      return hits;
    },
    countRange(blocks, start, end) {
      let i = start;
      while (i < end && resident[blocks[i]] === 1) i++;
      const prefix = i - start;
      let all = prefix;
      for (i++; i < end; i++) all += resident[blocks[i]];
      return prefix + all * COUNT_PACK;
    },
  };
}

export const eviction: Eviction = {
  name: "infinite",
  unbounded: true,
  summary: "evict nothing: what any cache could reach at most",
  reference: "the compulsory misses of the trace",
  deferrable: true,
  create,
};
