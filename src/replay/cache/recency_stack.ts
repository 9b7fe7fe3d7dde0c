/**
 * The LRU stack of all blocks seen so far, answering "how many distinct blocks were touched since this
 * one" in one pass. Each touch takes the next place on a line; a bit marks the places that are the last
 * touch of their block. Bits are counted with a small Fenwick tree over runs of 256 places, and the line
 * is compacted when it is full, so the tree stays in the cache of the processor.
 */
export interface RecencyStack {
  /** Place of the block's last touch, -1 when it was never touched. Places change on compaction. */
  placeOf(block: number): number;
  /** How many distinct blocks were touched after that place. */
  countAfter(place: number): number;
  /** Records a touch; the block's earlier place is given up. May compact: places change. */
  touch(block: number): void;
  /** Distinct blocks touched so far. */
  readonly size: number;
}

const RUN_BITS = 8;
const RUN_WORDS = 1 << (RUN_BITS - 5);

function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Makes an empty stack over blocks `0..uniqueBlocks-1`. */
export function createRecencyStack(uniqueBlocks: number): RecencyStack {
  const placeOf = new Int32Array(uniqueBlocks).fill(-1);
  // Twice the blocks (and never tiny): at least half of the line is free after each compaction.
  const runs = Math.max(16, Math.ceil((2 * uniqueBlocks) / (1 << RUN_BITS)));
  const places = runs << RUN_BITS;
  const words = new Int32Array(runs * RUN_WORDS);
  const blockAt = new Uint32Array(places);
  // tree[i] sums the marks of a range of runs, 1-based.
  const tree = new Int32Array(runs + 1);
  let next = 0;
  let size = 0;

  const add = (run: number, change: number): void => {
    for (let i = run + 1; i <= runs; i += i & -i) tree[i] += change;
  };
  const compact = (): void => {
    let kept = 0;
    for (let place = 0; place < next; place++) {
      if ((words[place >>> 5] >>> (place & 31) & 1) === 0) continue;
      const block = blockAt[place];
      blockAt[kept] = block;
      placeOf[block] = kept++;
    }
    words.fill(0);
    tree.fill(0);
    next = kept;
    for (let place = 0; place < kept; place++) words[place >>> 5] |= 1 << (place & 31);
    for (let run = 0; run << RUN_BITS < kept; run++) {
      add(run, Math.min(1 << RUN_BITS, kept - (run << RUN_BITS)));
    }
  };
  return {
    placeOf: (block) => placeOf[block],
    countAfter(place) {
      // Marks up to and including the place, then the rest of all.
      const run = place >>> RUN_BITS;
      let upTo = 0;
      for (let i = run; i > 0; i &= i - 1) upTo += tree[i];
      const last = place >>> 5;
      for (let w = run * RUN_WORDS; w < last; w++) upTo += popcount(words[w]);
      const bit = place & 31;
      upTo += popcount(bit === 31 ? words[last] : words[last] & ((1 << (bit + 1)) - 1));
      return size - upTo;
    },
    touch(block) {
      const old = placeOf[block];
      if (old >= 0) {
        words[old >>> 5] &= ~(1 << (old & 31));
        add(old >>> RUN_BITS, -1);
      } else {
        size++;
      }
      if (next === places) {
        placeOf[block] = -1;
        compact();
      }
      placeOf[block] = next;
      blockAt[next] = block;
      words[next >>> 5] |= 1 << (next & 31);
      add(next >>> RUN_BITS, 1);
      next++;
    },
    get size() {
      return size;
    },
  };
}
