/** Quantiles of many values in bounded memory: exact up to a limit, within 0.05 % beyond it. */
export interface QuantileSketch {
  add(value: number): void;
  readonly count: number;
  readonly mean: number;
  /** How far a quantile may be off, as a share of it: 0 while every value is kept. */
  readonly relativeError: number;
  /** The value at rank `ceil(q*count)` (nearest rank); null when empty. */
  quantile(q: number): number | null;
}

const EXACT = 1 << 16;
/** Buckets grow by 0.1 %, so a bucket's middle is within 0.05 % of every value in it. */
const GROWTH = Math.log(1.001);
const SMALLEST = 1e-7;
const BUCKETS = Math.ceil(Math.log(1e16) / GROWTH);

/** Makes an empty sketch for values from 1e-7 to 1e9 (seconds); smaller ones count as 0. */
export function createQuantileSketch(): QuantileSketch {
  let exact: Float64Array | null = new Float64Array(1024);
  let buckets: Uint32Array | null = null;
  let zeros = 0;
  let count = 0;
  let sum = 0;
  // How many of the exact values are in order: a curve asks for a hundred quantiles of the same values.
  let sorted = 0;

  const addToBucket = (value: number): void => {
    if (value < SMALLEST) zeros++;
    else buckets![Math.min(BUCKETS - 1, Math.floor(Math.log(value / SMALLEST) / GROWTH))]++;
  };
  const spill = (): void => {
    buckets = new Uint32Array(BUCKETS);
    for (let i = 0; i < count; i++) addToBucket(exact![i]);
    exact = null;
  };
  return {
    add(value) {
      sum += value;
      if (exact !== null && count === EXACT) spill();
      if (exact === null) {
        addToBucket(value);
      } else {
        if (count === exact.length) {
          const bigger: Float64Array = new Float64Array(2 * count);
          bigger.set(exact);
          exact = bigger;
        }
        exact[count] = value;
      }
      count++;
    },
    get count() {
      return count;
    },
    get relativeError() {
      return exact === null ? GROWTH / 2 : 0;
    },
    get mean() {
      return sum / count;
    },
    quantile(q) {
      if (count === 0) return null;
      const rank = Math.max(1, Math.ceil(q * count));
      if (exact !== null) {
        if (sorted < count) exact.subarray(0, count).sort();
        sorted = count;
        return exact[rank - 1];
      }
      let seen = zeros;
      if (rank <= seen) return 0;
      for (let b = 0; b < BUCKETS; b++) {
        seen += buckets![b];
        if (rank <= seen) return SMALLEST * Math.exp((b + 0.5) * GROWTH);
      }
      return null;
    },
  };
}
