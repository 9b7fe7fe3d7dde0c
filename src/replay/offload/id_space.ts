/**
 * Ids for blocks made by decoding, above the trace's own. An id is in use while the block lies in GPU
 * memory or in a tier; then it is given out again, so that the space stays small.
 */
export interface IdSpace {
  /** First id of the space. */
  readonly base: number;
  /** Ids of the trace and of this space together. */
  readonly size: number;
  /** A new id, -1 when the space is used up. */
  take(): number;
  /** Changes each time an id is given out, so that a remembered id can be told from its successor. */
  stampOf(block: number): number;
  /** The block was put into one more place. */
  place(block: number): void;
  /** The block left one place. */
  drop(block: number): void;
}

/** Makes a space of `capacity` ids above `base`. */
export function createIdSpace(base: number, capacity: number): IdSpace {
  const places = new Uint8Array(capacity);
  const stamps = new Uint32Array(capacity);
  const free: number[] = [];
  let used = 0;
  return {
    base,
    size: base + capacity,
    take() {
      const id = free.pop() ?? (used < capacity ? used++ : -1);
      if (id < 0) return -1;
      stamps[id]++;
      return base + id;
    },
    stampOf: (block) => stamps[block - base],
    place(block) {
      if (block >= base) places[block - base]++;
    },
    drop(block) {
      if (block >= base && --places[block - base] === 0) free.push(block - base);
    },
  };
}
