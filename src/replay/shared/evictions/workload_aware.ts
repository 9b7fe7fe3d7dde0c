import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState, RequestHint } from "../eviction.ts";

/** Categories: the turn within the session (0, 1, 2, 3 and later), and one for unknown. */
const CATEGORIES = 5;
/** Weight of the newest eviction in the running mean of how long blocks stay. */
const LIFETIME_STEP = 0.01;

/**
 * Reuse times within a category are exponential with rate lambda_c, fitted online as reuses over their
 * summed times; P_c is the share of insertions that were reused. A block of age a is worth
 * P_c * (1 - exp(-lambda_c * w)) * exp(-lambda_c * a), where w is the mean time a block stays. Within a
 * category the oldest block is worth least, so only the backs of the category lists are compared.
 */
function create({ capacityBlocks, uniqueBlocks }: EvictionSetup): EvictionState {
  const lists = createBlockLists(uniqueBlocks, CATEGORIES);
  const touchedAt = new Float64Array(uniqueBlocks);
  const offsetOf = new Uint32Array(uniqueBlocks);
  const inserted = new Float64Array(CATEGORIES).fill(2);
  const reused = new Float64Array(CATEGORIES).fill(1);
  const reuseSeconds = new Float64Array(CATEGORIES).fill(1);
  let lifetimeSeconds = 0;
  let now = 0;
  let category = CATEGORIES - 1;
  let offset = 0;
  // The block touched just before in this request: the next one goes behind it, so that the head of a
  // prompt outranks its tail.
  let ahead = -1;
  let size = 0;

  const worth = (block: number, c: number): number => {
    const rate = reused[c] / reuseSeconds[c];
    return reused[c] / inserted[c] * (1 - Math.exp(-rate * lifetimeSeconds)) *
      Math.exp(-rate * (now - touchedAt[block]));
  };
  const evict = (evicted?: number[]): void => {
    let victim = -1;
    let least = Infinity;
    for (let c = 0; c < CATEGORIES; c++) {
      const block = lists.back(c);
      if (block < 0) continue;
      const value = worth(block, c);
      if (value < least || (value === least && offsetOf[block] > offsetOf[victim])) {
        victim = block;
        least = value;
      }
    }
    lifetimeSeconds += LIFETIME_STEP * (now - touchedAt[victim] - lifetimeSeconds);
    if (victim === ahead) ahead = -1;
    lists.remove(victim);
    size--;
    evicted?.push(victim);
  };
  const place = (block: number): void => {
    if (ahead >= 0) lists.insertBehind(ahead, block);
    else lists.pushFront(category, block);
    ahead = block;
    touchedAt[block] = now;
    offsetOf[block] = offset++;
  };
  return {
    has: (block) => lists.listOf(block) >= 0,
    beginRequest({ timeSeconds, turn }: RequestHint) {
      now = Math.max(now, timeSeconds);
      category = turn < 0 ? CATEGORIES - 1 : Math.min(turn, CATEGORIES - 2);
      offset = 0;
      ahead = -1;
    },
    touch(block, evicted) {
      const before = lists.listOf(block);
      if (before >= 0) {
        reused[before]++;
        inserted[before]++;
        reuseSeconds[before] += now - touchedAt[block];
        // A block listed twice in one request keeps its place.
        if (block === ahead) return true;
        lists.remove(block);
        place(block);
        return true;
      }
      if (size >= capacityBlocks) evict(evicted);
      inserted[category]++;
      place(block);
      size++;
      return false;
    },
    remove(block) {
      if (lists.listOf(block) < 0) return false;
      if (block === ahead) ahead = -1;
      lists.remove(block);
      size--;
      return true;
    },
    get size() {
      return size;
    },
  };
}

export const eviction: Eviction = {
  name: "workload-aware",
  summary: "evict the block least likely to be reused, by turn of the session and age",
  reference:
    "KVCache in the Wild, ATC 2025 (reuse exponential within a category; head blocks outrank " +
    "tail blocks); categories here are the turns 0, 1, 2, 3+ and unknown",
  headFirst: true,
  params: { categories: CATEGORIES, lifetimeStep: LIFETIME_STEP },
  create,
};
