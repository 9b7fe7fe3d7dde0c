import { createRandom } from "../../../stats/random.ts";
import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";
import { createFrequencyLists } from "../frequency_lists.ts";

const LEARNING_RATE = 0.45;
/** The regret of a miss fades to this share over one cache size of references. */
const DISCOUNT_BASE = 0.005;
const RESIDENT = 0, BY_LRU = 1, BY_LFU = 2;
/** Keeps a weight from reaching zero, where it could never grow again. */
const FLOOR = 1e-10;

function create({ capacityBlocks, uniqueBlocks, seed }: EvictionSetup): EvictionState {
  // One list for residents in LRU order; the history in one FIFO of at most one cache size, each entry
  // marked with the policy that evicted it.
  const lists = createBlockLists(uniqueBlocks, 2);
  const RECENCY = 0, HISTORY = 1;
  const groups = createFrequencyLists(uniqueBlocks);
  const mark = new Uint8Array(uniqueBlocks);
  const evictedAt = new Float64Array(uniqueBlocks);
  const random = createRandom(seed ?? 1);
  const discount = DISCOUNT_BASE ** (1 / capacityBlocks);
  let weightLru = 0.5;
  let weightLfu = 0.5;
  let clock = 0;

  const punish = (block: number): void => {
    const regret = discount ** (clock - evictedAt[block]);
    if (mark[block] === BY_LRU) weightLru *= Math.exp(-LEARNING_RATE * regret);
    else weightLfu *= Math.exp(-LEARNING_RATE * regret);
    const sum = weightLru + weightLfu + 2 * FLOOR;
    weightLru = (weightLru + FLOOR) / sum;
    weightLfu = (weightLfu + FLOOR) / sum;
  };
  const evict = (evicted?: number[]): void => {
    const byLru = random.float() < weightLru;
    const victim = byLru ? lists.back(RECENCY) : groups.least();
    lists.remove(victim);
    groups.remove(victim);
    mark[victim] = byLru ? BY_LRU : BY_LFU;
    evictedAt[victim] = clock;
    lists.pushFront(HISTORY, victim);
    if (lists.sizeOf(HISTORY) > capacityBlocks) {
      const forgotten = lists.back(HISTORY);
      lists.remove(forgotten);
      mark[forgotten] = RESIDENT;
    }
    evicted?.push(victim);
  };
  return {
    has: (block) => lists.listOf(block) === RECENCY,
    touch(block, evicted) {
      clock++;
      if (lists.listOf(block) === RECENCY) {
        lists.remove(block);
        lists.pushFront(RECENCY, block);
        groups.touch(block);
        return true;
      }
      if (lists.listOf(block) === HISTORY) {
        punish(block);
        lists.remove(block);
        mark[block] = RESIDENT;
      }
      while (lists.sizeOf(RECENCY) >= capacityBlocks) evict(evicted);
      lists.pushFront(RECENCY, block);
      groups.touch(block);
      return false;
    },
    remove(block) {
      const list = lists.listOf(block);
      if (list < 0) return false;
      lists.remove(block);
      mark[block] = RESIDENT;
      if (list === RECENCY) groups.remove(block);
      return list === RECENCY;
    },
    get size() {
      return lists.sizeOf(RECENCY);
    },
  };
}

export const eviction: Eviction = {
  name: "lecar",
  summary: "draw between LRU and LFU with weights learned from regret (seeded)",
  reference:
    "Vietri et al.: LeCaR, HotStorage 2018 (learning rate 0.45, discount 0.005^(1/N), initial " +
    "weights 0.5, history of N evictions); draws from --seed",
  params: { learningRate: LEARNING_RATE, discountBase: DISCOUNT_BASE, initialWeight: 0.5 },
  create,
};
