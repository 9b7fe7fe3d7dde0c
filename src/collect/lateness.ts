/**
 * Lateness of ticks in bounded memory: a histogram of 16 buckets for each power of two of nanoseconds, so
 * that a quantile is right to 1/16 of its value however long the recording is.
 */
export interface Lateness {
  add(ns: number): void;
  /** Upper edge of the bucket that holds the quantile; 0 when nothing was added. */
  quantile(q: number): number;
  count(): number;
}

const SUB = 16;

export function createLateness(): Lateness {
  const buckets = new Float64Array(48 * SUB);
  let count = 0;
  const indexOf = (ns: number): number => {
    if (ns < SUB) return Math.floor(ns);
    const exponent = Math.floor(Math.log2(ns));
    const within = Math.floor((ns / 2 ** exponent - 1) * SUB);
    return Math.min(buckets.length - 1, (exponent - 3) * SUB + within);
  };
  const edgeOf = (index: number): number => {
    if (index < SUB) return index;
    const exponent = Math.floor(index / SUB) + 3;
    return 2 ** exponent * (1 + ((index % SUB) + 1) / SUB);
  };
  return {
    add: (ns) => {
      buckets[indexOf(Math.max(0, ns))]++;
      count++;
    },
    quantile: (q) => {
      if (count === 0) return 0;
      let rest = Math.max(1, Math.ceil(q * count));
      for (let i = 0; i < buckets.length; i++) {
        rest -= buckets[i];
        if (rest <= 0) return edgeOf(i);
      }
      return edgeOf(buckets.length - 1);
    },
    count: () => count,
  };
}
