import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";

/** T1, T2 hold blocks seen once and more often; B1, B2 remember what was evicted from them. */
const T1 = 0, T2 = 1, B1 = 2, B2 = 3;

function create({ capacityBlocks, uniqueBlocks }: EvictionSetup): EvictionState {
  const lists = createBlockLists(uniqueBlocks, 4);
  const size = (list: number): number => lists.sizeOf(list);
  /** Target size of T1; a real number, as in the paper. */
  let target = 0;

  const move = (block: number, list: number): void => {
    lists.remove(block);
    lists.pushFront(list, block);
  };
  const dropBack = (list: number): number => {
    const victim = lists.back(list);
    if (victim >= 0) lists.remove(victim);
    return victim;
  };
  /** REPLACE of the paper; `inB2` when the block asked for is in B2. */
  const replace = (inB2: boolean, evicted?: number[]): void => {
    if (size(T1) + size(T2) < capacityBlocks) return;
    const fromT1 = size(T1) > 0 &&
      (size(T1) > target || (size(T1) === target && inB2) || size(T2) === 0);
    const victim = lists.back(fromT1 ? T1 : T2);
    move(victim, fromT1 ? B1 : B2);
    evicted?.push(victim);
  };
  return {
    has: (block) => lists.listOf(block) === T1 || lists.listOf(block) === T2,
    touch(block, evicted) {
      const list = lists.listOf(block);
      if (list === T1 || list === T2) {
        move(block, T2);
        return true;
      }
      if (list === B1) {
        target = Math.min(capacityBlocks, target + Math.max(size(B2) / size(B1), 1));
        replace(false, evicted);
        move(block, T2);
        return false;
      }
      if (list === B2) {
        target = Math.max(0, target - Math.max(size(B1) / size(B2), 1));
        replace(true, evicted);
        move(block, T2);
        return false;
      }
      if (size(T1) + size(B1) >= capacityBlocks) {
        if (size(T1) < capacityBlocks) {
          dropBack(B1);
          replace(false, evicted);
        } else {
          const victim = dropBack(T1);
          evicted?.push(victim);
        }
      } else if (size(T1) + size(T2) >= capacityBlocks) {
        if (size(T1) + size(T2) + size(B1) + size(B2) >= 2 * capacityBlocks) dropBack(B2);
        replace(false, evicted);
      }
      lists.pushFront(T1, block);
      return false;
    },
    remove(block) {
      const list = lists.listOf(block);
      if (list < 0) return false;
      lists.remove(block);
      return list === T1 || list === T2;
    },
    get size() {
      return size(T1) + size(T2);
    },
  };
}

export const eviction: Eviction = {
  name: "arc",
  summary: "balance recency against frequency by what was evicted too early",
  reference:
    "Megiddo, Modha: ARC, FAST 2003, figure 4 (no parameters); the target size of T1 is a real number, " +
    "as in libCacheSim",
  create,
};
