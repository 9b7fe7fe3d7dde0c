/**
 * Blocks grouped by how often they were touched; within a group in the order of their last touch.
 * Constant time for everything but finding the lowest group after a removal.
 */
export interface FrequencyLists {
  /** 0 when the block is absent. */
  frequencyOf(block: number): number;
  /** Adds a block with frequency 1, or adds one to the frequency of a present one. */
  touch(block: number): void;
  /** Adds an absent block with a frequency of 1 or more, as the one touched last of its group. */
  insert(block: number, frequency: number): void;
  remove(block: number): void;
  /** The block with the lowest frequency, among equals the one touched longest ago; -1 when empty. */
  least(): number;
  readonly size: number;
}

/** Makes an empty structure over blocks `0..uniqueBlocks-1`. */
export function createFrequencyLists(uniqueBlocks: number): FrequencyLists {
  const next = new Int32Array(uniqueBlocks);
  const previous = new Int32Array(uniqueBlocks);
  const frequency = new Uint32Array(uniqueBlocks);
  // Oldest and newest block of each frequency, -1 for none.
  let oldest = new Int32Array(64).fill(-1);
  let newest = new Int32Array(64).fill(-1);
  let lowest = 1;
  let size = 0;

  const grow = (array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
    const bigger = new Int32Array(2 * array.length).fill(-1);
    bigger.set(array);
    return bigger;
  };
  const unlink = (block: number): void => {
    const f = frequency[block];
    const [before, after] = [previous[block], next[block]];
    if (before < 0) oldest[f] = after;
    else next[before] = after;
    if (after < 0) newest[f] = before;
    else previous[after] = before;
  };
  const append = (block: number, f: number): void => {
    while (f >= oldest.length) {
      oldest = grow(oldest);
      newest = grow(newest);
    }
    const last = newest[f];
    previous[block] = last;
    next[block] = -1;
    if (last < 0) oldest[f] = block;
    else next[last] = block;
    newest[f] = block;
    frequency[block] = f;
    if (f < lowest) lowest = f;
  };
  return {
    frequencyOf: (block) => frequency[block],
    touch(block) {
      const f = frequency[block];
      if (f === 0) size++;
      else unlink(block);
      append(block, f + 1);
    },
    insert(block, f) {
      append(block, f);
      size++;
    },
    remove(block) {
      unlink(block);
      frequency[block] = 0;
      size--;
    },
    least() {
      if (size === 0) return -1;
      while (oldest[lowest] < 0) lowest++;
      return oldest[lowest];
    },
    get size() {
      return size;
    },
  };
}
