import { createRandom } from "../../../stats/random.ts";
import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";
import { createFrequencyLists } from "../frequency_lists.ts";

const LEARNING_RATE = 0.45;
/** The regret of a miss fades to this share over one cache size of references. */
const DISCOUNT_BASE = 0.005;
/** A weight stays within these bounds, so that the other expert is always asked now and then. */
const LARGEST_WEIGHT = 0.99;
/** Each history remembers this share of a cache size. */
const HISTORY_RATIO = 0.5;
/** Residents in LRU order, and what each expert evicted, oldest at the back. */
const RESIDENT = 0, BY_LRU = 1, BY_LFU = 2;

function create({ capacityBlocks, uniqueBlocks, seed }: EvictionSetup): EvictionState {
  const lists = createBlockLists(uniqueBlocks, 3);
  const groups = createFrequencyLists(uniqueBlocks);
  // A block in a history keeps its frequency.
  const remembered = new Uint32Array(uniqueBlocks);
  const evictedAt = new Float64Array(uniqueBlocks);
  const random = createRandom(seed ?? 1);
  const discount = DISCOUNT_BASE ** (1 / capacityBlocks);
  const historySize = Math.floor(capacityBlocks * HISTORY_RATIO);
  let weightLru = 0.5;
  let clock = 0;

  /** The expert whose eviction was a mistake loses weight, by how recent the mistake is. */
  const punish = (block: number, history: number): void => {
    const loss = Math.exp(-LEARNING_RATE * discount ** (clock - evictedAt[block]));
    const lru = weightLru * (history === BY_LRU ? loss : 1);
    const lfu = (1 - weightLru) * (history === BY_LFU ? loss : 1);
    const share = lru / (lru + lfu);
    weightLru = Math.min(LARGEST_WEIGHT, Math.max(1 - LARGEST_WEIGHT, share));
  };
  const remember = (block: number, history: number): void => {
    if (historySize === 0) return;
    if (lists.sizeOf(history) >= historySize) lists.remove(lists.back(history));
    remembered[block] = groups.frequencyOf(block);
    evictedAt[block] = clock;
    lists.pushFront(history, block);
  };
  const evict = (evicted?: number[]): void => {
    const byLru = random.float() < weightLru;
    const oldest = lists.back(RESIDENT);
    const rarest = groups.least();
    const victim = byLru ? oldest : rarest;
    lists.remove(victim);
    // Where both experts agree there is nothing to learn.
    if (oldest !== rarest) remember(victim, byLru ? BY_LRU : BY_LFU);
    groups.remove(victim);
    evicted?.push(victim);
  };
  return {
    has: (block) => lists.listOf(block) === RESIDENT,
    touch(block, evicted) {
      clock++;
      const list = lists.listOf(block);
      if (list === RESIDENT) {
        lists.remove(block);
        lists.pushFront(RESIDENT, block);
        groups.touch(block);
        return true;
      }
      let frequency = 1;
      if (list >= 0) {
        frequency = remembered[block] + 1;
        lists.remove(block);
        punish(block, list);
      }
      while (lists.sizeOf(RESIDENT) >= capacityBlocks) evict(evicted);
      lists.pushFront(RESIDENT, block);
      groups.insert(block, frequency);
      return false;
    },
    remove(block) {
      const list = lists.listOf(block);
      if (list < 0) return false;
      lists.remove(block);
      if (list === RESIDENT) groups.remove(block);
      return list === RESIDENT;
    },
    get size() {
      return lists.sizeOf(RESIDENT);
    },
  };
}

export const eviction: Eviction = {
  name: "lecar",
  summary: "draw between LRU and LFU with weights learned from regret (seeded)",
  reference:
    "Vietri et al.: LeCaR, HotStorage 2018, algorithms 1 and 2, with the constants of the authors' " +
    "code (cacheus, lecar.py): learning rate 0.45, discount 0.005^(1/N), weights from 0.5 within " +
    "0.01..0.99, a FIFO history of N/2 for each expert that keeps frequencies, none where both " +
    "agree; equal frequencies by age of the last touch; draws from --seed",
  params: {
    learningRate: LEARNING_RATE,
    discountBase: DISCOUNT_BASE,
    initialWeight: 0.5,
    largestWeight: LARGEST_WEIGHT,
    historyRatio: HISTORY_RATIO,
  },
  create,
};
