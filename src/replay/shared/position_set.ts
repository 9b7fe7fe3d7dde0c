/** A set of integers below a bound with constant-time highest member: a bitmap with summaries over it. */
export interface PositionSet {
  add(position: number): void;
  remove(position: number): void;
  /** The highest member, -1 when empty. */
  highest(): number;
}

/** Makes an empty set of integers in `0..bound-1`; it takes 1.04 bits a position. */
export function createPositionSet(bound: number): PositionSet {
  const levels: Int32Array[] = [];
  for (let words = Math.max(1, Math.ceil(bound / 32));; words = Math.ceil(words / 32)) {
    levels.push(new Int32Array(words));
    if (words === 1) break;
  }
  return {
    add(position) {
      let at = position;
      for (const level of levels) {
        const word = at >>> 5;
        const before = level[word];
        level[word] = before | (1 << (at & 31));
        if (before !== 0) return;
        at = word;
      }
    },
    remove(position) {
      let at = position;
      for (const level of levels) {
        const word = at >>> 5;
        level[word] &= ~(1 << (at & 31));
        if (level[word] !== 0) return;
        at = word;
      }
    },
    highest() {
      let at = 0;
      for (let i = levels.length - 1; i >= 0; i--) {
        const word = levels[i][at];
        if (word === 0) return -1;
        at = at * 32 + (31 - Math.clz32(word));
      }
      return at;
    },
  };
}
