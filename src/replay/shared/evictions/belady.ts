import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";
import { createPositionSet } from "../position_set.ts";

/**
 * The optimum on a known stream. Residents are kept by the position of their next reference: positions
 * are distinct, so the farthest is the highest bit of a bitmap with summaries.
 */
function create({ capacityBlocks, uniqueBlocks, future }: EvictionSetup): EvictionState {
  if (future === undefined) throw new Error("belady needs the reference stream");
  const { blocks, nextUse } = future;
  const never = blocks.length;
  const resident = new Uint8Array(uniqueBlocks);
  const due = createPositionSet(never);
  // Residents that are never referenced again go first, whichever.
  const dead: number[] = [];
  let size = 0;
  let position = 0;
  return {
    has: (block) => resident[block] === 1,
    touch(block, evicted) {
      const now = position++;
      if (blocks[now] !== block) throw new Error("belady was fed another stream than announced");
      const hit = resident[block] === 1;
      if (hit) due.remove(now);
      else {
        resident[block] = 1;
        size++;
      }
      if (nextUse[now] === never) dead.push(block);
      else due.add(nextUse[now]);
      if (size > capacityBlocks) {
        let victim = dead.pop();
        if (victim === undefined) {
          const farthest = due.highest();
          due.remove(farthest);
          victim = blocks[farthest];
        }
        resident[victim] = 0;
        size--;
        evicted?.push(victim);
      }
      return hit;
    },
    remove(): boolean {
      throw new Error("belady follows a fixed stream: nothing can be taken out of it");
    },
    get size() {
      return size;
    },
  };
}

export const eviction: Eviction = {
  name: "belady",
  summary: "evict the block whose next reference lies farthest away: the upper bound of any policy",
  reference: "Belady 1966 (MIN) with bypass, on the flat stream of block references",
  clairvoyant: true,
  create,
};
