import { createBlockLists } from "../block_lists.ts";
import type { Eviction, EvictionSetup, EvictionState } from "../eviction.ts";

const SMALL = 0, MAIN = 1, GHOST = 2;
const SMALL_RATIO = 0.1;
const GHOST_RATIO = 0.9;
/** A block of the small queue moves to the main one when it was hit at least this often. */
const MOVE_THRESHOLD = 2;
const MAX_FREQUENCY = 3;

function create({ capacityBlocks, uniqueBlocks }: EvictionSetup): EvictionState {
  const lists = createBlockLists(uniqueBlocks, 3);
  const frequency = new Uint8Array(uniqueBlocks);
  const smallCapacity = Math.max(1, Math.floor(capacityBlocks * SMALL_RATIO));
  const mainCapacity = capacityBlocks - smallCapacity;
  const ghostCapacity = Math.floor(capacityBlocks * GHOST_RATIO);
  const size = (): number => lists.sizeOf(SMALL) + lists.sizeOf(MAIN);

  const remember = (block: number): void => {
    if (ghostCapacity < 1) return;
    while (lists.sizeOf(GHOST) >= ghostCapacity) lists.remove(lists.back(GHOST));
    lists.pushFront(GHOST, block);
  };
  const evictSmall = (evicted?: number[]): void => {
    while (lists.sizeOf(SMALL) > 0) {
      const block = lists.back(SMALL);
      lists.remove(block);
      if (frequency[block] >= MOVE_THRESHOLD) {
        // The access bits are cleared by the move.
        frequency[block] = 0;
        lists.pushFront(MAIN, block);
      } else {
        remember(block);
        evicted?.push(block);
        return;
      }
    }
  };
  const evictMain = (evicted?: number[]): void => {
    while (lists.sizeOf(MAIN) > 0) {
      const block = lists.back(MAIN);
      lists.remove(block);
      if (frequency[block] > 0) {
        frequency[block]--;
        lists.pushFront(MAIN, block);
      } else {
        evicted?.push(block);
        return;
      }
    }
  };
  return {
    has: (block) => lists.listOf(block) === SMALL || lists.listOf(block) === MAIN,
    touch(block, evicted) {
      const list = lists.listOf(block);
      if (list === SMALL || list === MAIN) {
        if (frequency[block] < MAX_FREQUENCY) frequency[block]++;
        return true;
      }
      if (list === GHOST) lists.remove(block);
      while (size() >= capacityBlocks) {
        if (lists.sizeOf(MAIN) > mainCapacity || lists.sizeOf(SMALL) === 0) evictMain(evicted);
        else evictSmall(evicted);
      }
      frequency[block] = 0;
      lists.pushFront(list === GHOST ? MAIN : SMALL, block);
      return false;
    },
    remove(block) {
      const list = lists.listOf(block);
      if (list < 0) return false;
      lists.remove(block);
      return list !== GHOST;
    },
    get size() {
      return size();
    },
  };
}

export const eviction: Eviction = {
  name: "s3fifo",
  summary: "three FIFO queues: a small one for newcomers, a main one, a ghost of the evicted",
  reference:
    "Yang et al.: S3-FIFO, SOSP 2023, algorithm 1 (small queue 10 %, ghost 90 %, move after 2 hits, " +
    "2-bit counter cleared by the move). Where the paper's text leaves it open, as its authors' " +
    "libCacheSim does in S3FIFOv0: the small queue is floor(C/10), the main one may pass its share " +
    "until the next eviction; its later S3FIFO also fills the main queue first",
  params: {
    smallRatio: SMALL_RATIO,
    ghostRatio: GHOST_RATIO,
    moveThreshold: MOVE_THRESHOLD,
    maxFrequency: MAX_FREQUENCY,
  },
  create,
};
