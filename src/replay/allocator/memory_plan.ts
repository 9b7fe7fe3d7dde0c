import { OP, type OpList } from "./op_list.ts";

/** An allocation with its lifetime: live from operation `start` up to, not including, `end`. */
export interface Lifetime {
  readonly id: number;
  readonly size: number;
  readonly start: number;
  readonly end: number;
  readonly startNs: number;
  readonly endNs: number;
}

export interface Placed extends Lifetime {
  readonly offset: number;
}

/** The lifetimes of all allocations, in the order of their start; sizes are rounded up to `align`. */
export function lifetimesOf(ops: OpList, align: number): Lifetime[] {
  const open = new Map<number, Omit<Lifetime, "end" | "endNs">>();
  const done: Lifetime[] = [];
  let index = 0;
  let lastNs = NaN;
  for (const batch of ops.batches) {
    for (let row = 0; row < batch.count; row++, index++) {
      const id = batch.id[row];
      if (!Number.isNaN(batch.timeNs[row])) lastNs = batch.timeNs[row];
      if (batch.op[row] === OP.alloc && batch.size[row] > 0) {
        const size = Math.ceil(batch.size[row] / align) * align;
        open.set(id, { id, size, start: index, startNs: lastNs });
      } else if (batch.op[row] === OP.free) {
        const life = open.get(id);
        if (life === undefined) continue;
        open.delete(id);
        done.push({ ...life, end: index, endNs: lastNs });
      }
    }
  }
  for (const life of open.values()) done.push({ ...life, end: index, endNs: lastNs });
  return done.sort((a, b) => a.start - b.start);
}

/** Largest sum of live sizes over time, as asked for and rounded up to `align`, and the allocations. */
export function lowerBound(
  ops: OpList,
  align: number,
): { requestedBytes: number; roundedBytes: number; allocations: number } {
  const sizes = new Float64Array(ops.ids);
  const most = { requestedBytes: 0, roundedBytes: 0, allocations: 0 };
  let requested = 0;
  let rounded = 0;
  for (const { op, id, size, count } of ops.batches) {
    for (let row = 0; row < count; row++) {
      const sign = op[row] === OP.alloc ? 1 : op[row] === OP.free ? -1 : 0;
      if (sign === 0 || id[row] < 0) continue;
      const bytes = sign > 0 ? size[row] : sizes[id[row]];
      sizes[id[row]] = sign > 0 ? bytes : 0;
      requested += sign * bytes;
      rounded += sign * Math.ceil(bytes / align) * align;
      if (requested > most.requestedBytes) most.requestedBytes = requested;
      if (rounded > most.roundedBytes) most.roundedBytes = rounded;
      if (sign > 0 && bytes > 0) most.allocations++;
    }
  }
  return most;
}

/**
 * Greedy by size: the largest first (ties: the earliest start), each at the lowest offset that no tensor
 * placed before takes while both live.
 */
export function planBySize(lifetimes: readonly Lifetime[]): Placed[] {
  const order = [...lifetimes].sort((a, b) => b.size - a.size || a.start - b.start);
  const n = order.length;
  // What was placed, by offset, as columns.
  const from = new Float64Array(n);
  const to = new Float64Array(n);
  const offset = new Float64Array(n);
  const end = new Float64Array(n);
  const placed: Placed[] = [];
  for (const life of order) {
    let at = 0;
    const count = placed.length;
    for (let i = 0; i < count; i++) {
      if (from[i] >= life.end || to[i] <= life.start) continue;
      if (offset[i] - at >= life.size) break;
      if (end[i] > at) at = end[i];
    }
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (offset[middle] < at) low = middle + 1;
      else high = middle;
    }
    for (const column of [from, to, offset, end]) column.copyWithin(low + 1, low, count);
    from[low] = life.start;
    to[low] = life.end;
    offset[low] = at;
    end[low] = at + life.size;
    placed.push({ ...life, offset: at });
  }
  return placed;
}
