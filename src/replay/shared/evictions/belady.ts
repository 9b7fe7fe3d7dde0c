import type { RequestOrder } from "../../../model/eviction.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";
import { createMinHeap } from "../min_heap.ts";
import { createPositionSet } from "../position_set.ts";

/**
 * The optimum on a known stream. Residents are kept by the position of their next reference: positions
 * are distinct, so the farthest is the highest bit of a bitmap with summaries.
 */
function create(setup: EvictionSetup): EvictionState {
  const { capacityBlocks, uniqueBlocks, future, requests } = setup;
  if (requests !== undefined) return createByRequests(setup, requests);
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

/** The same by the order in which requests arrive, for engines whose stream of references is not known. */
function createByRequests(
  { capacityBlocks, uniqueBlocks }: EvictionSetup,
  requests: RequestOrder,
): EvictionState {
  /** Next request of a resident, Infinity for none; -1 when the block is not resident. */
  const due = new Float64Array(uniqueBlocks).fill(-1);
  // The farthest first. An entry counts while it says what `due` says.
  let farthest = createMinHeap();
  let size = 0;
  let now = -1;
  const note = (block: number): void => {
    const next = requests.next(block, now);
    if (due[block] === next) return;
    due[block] = next;
    farthest.push(-next, block);
    if (farthest.size < 4 * size + 1024) return;
    farthest = createMinHeap();
    for (let b = 0; b < uniqueBlocks; b++) if (due[b] >= 0) farthest.push(-due[b], b);
  };
  const drop = (block: number): void => {
    due[block] = -1;
    size--;
  };
  return {
    has: (block) => due[block] >= 0,
    beginRequest({ index }) {
      now = Math.max(now, index ?? -1);
    },
    served(block) {
      if (due[block] >= 0) note(block);
    },
    touch(block, evicted) {
      const hit = due[block] >= 0;
      if (!hit) size++;
      note(block);
      while (size > capacityBlocks) {
        const key = farthest.peekKey();
        const victim = farthest.pop();
        if (due[victim] !== -key) continue;
        drop(victim);
        evicted?.push(victim);
      }
      return hit;
    },
    remove(block) {
      if (due[block] < 0) return false;
      drop(block);
      return true;
    },
    get size() {
      return size;
    },
  };
}

export const eviction: Eviction = {
  name: "belady",
  summary: "evict the block whose next reference lies farthest away: the upper bound of any policy",
  reference:
    "Belady 1966 (MIN) with bypass: in a cache on the flat stream of block references, in the tiers " +
    "of a serving engine by the order in which the requests that list a block arrive",
  clairvoyant: true,
  create,
};
