import type { TensorColumns } from "../model/trace/tensors.ts";

interface Row {
  readonly bytes: number;
  readonly start: number;
  end: number;
  category: number;
}

/**
 * Rebuilds lifetimes from allocations and frees that name no tensor but a key (an address, or category and
 * size): the youngest living tensor of a key is freed first. In a training step that pairs activations the way
 * backward passes free them; totals are exact whichever is taken.
 */
export interface TensorBuilder {
  create(key: string, bytes: number, timeNs: number, category: number): void;
  /** False when no living tensor has the key. */
  destroy(key: string, timeNs: number): boolean;
  /** Gives the youngest tensor of `from` the key `to` and its category. False when there is none. */
  move(from: string, to: string, category: number): boolean;
  columns(): TensorColumns;
}

export function createTensorBuilder(): TensorBuilder {
  const rows: Row[] = [];
  const living = new Map<string, Row[]>();
  const push = (key: string, row: Row): void => {
    const stack = living.get(key);
    if (stack === undefined) living.set(key, [row]);
    else stack.push(row);
  };
  return {
    create(key, bytes, timeNs, category) {
      const row: Row = { bytes, start: timeNs, end: NaN, category };
      rows.push(row);
      push(key, row);
    },
    destroy(key, timeNs) {
      const row = living.get(key)?.pop();
      if (row === undefined) return false;
      row.end = timeNs;
      return true;
    },
    move(from, to, category) {
      const row = living.get(from)?.pop();
      if (row === undefined) return false;
      row.category = category;
      push(to, row);
      return true;
    },
    columns: () => ({
      kind: "tensors",
      count: rows.length,
      id: Int32Array.from(rows, (_, i) => i),
      sizeBytes: Float64Array.from(rows, (r) => r.bytes),
      startNs: Float64Array.from(rows, (r) => r.start),
      endNs: Float64Array.from(rows, (r) => r.end),
      category: Uint8Array.from(rows, (r) => r.category),
    }),
  };
}
