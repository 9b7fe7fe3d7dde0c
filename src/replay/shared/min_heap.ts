/** A binary heap of integers ordered by a number, the smallest first; equal keys come out in order of entry. */
export interface MinHeap {
  readonly size: number;
  push(key: number, value: number): void;
  /** Smallest key; Infinity when empty. */
  peekKey(): number;
  peekValue(): number;
  /** Removes the smallest and returns its value. */
  pop(): number;
}

/** Makes an empty heap. */
export function createMinHeap(): MinHeap {
  let keys = new Float64Array(64);
  let values = new Int32Array(64);
  let orders = new Float64Array(64);
  let size = 0;
  let entered = 0;

  const before = (i: number, key: number, order: number): boolean =>
    keys[i] < key || (keys[i] === key && orders[i] < order);
  const put = (i: number, key: number, value: number, order: number): void => {
    keys[i] = key;
    values[i] = value;
    orders[i] = order;
  };
  const grow = (): void => {
    const [k, v, o] = [keys, values, orders];
    keys = new Float64Array(2 * size);
    values = new Int32Array(2 * size);
    orders = new Float64Array(2 * size);
    keys.set(k);
    values.set(v);
    orders.set(o);
  };
  return {
    get size() {
      return size;
    },
    push(key, value) {
      if (size === keys.length) grow();
      const order = entered++;
      let i = size++;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (before(parent, key, order)) break;
        put(i, keys[parent], values[parent], orders[parent]);
        i = parent;
      }
      put(i, key, value, order);
    },
    peekKey: () => size === 0 ? Infinity : keys[0],
    peekValue: () => values[0],
    pop() {
      const top = values[0];
      size--;
      const [key, value, order] = [keys[size], values[size], orders[size]];
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= size) break;
        if (child + 1 < size && before(child + 1, keys[child], orders[child])) child++;
        if (!before(child, key, order)) break;
        put(i, keys[child], values[child], orders[child]);
        i = child;
      }
      put(i, key, value, order);
      return top;
    },
  };
}
