import {
  ALLOCATION_OPS,
  type AllocationColumns,
  type AllocationTraceMeta,
} from "../../model/trace/allocations.ts";

/** A tensor as an allocation trace tells it; `end` is Infinity when it was never freed. Times are seconds. */
export interface Lifetime {
  readonly bytes: number;
  readonly start: number;
  end: number;
}

const [ALLOC, FREE] = ["alloc", "free"].map((op) =>
  (ALLOCATION_OPS as readonly string[]).indexOf(op)
);

/** The GPU on which most bytes are allocated. */
function mainDevice(batches: readonly AllocationColumns[]): number {
  const bytes = new Map<number, number>();
  for (const b of batches) {
    for (let i = 0; i < b.count; i++) {
      if (b.op[i] === ALLOC) bytes.set(b.device[i], (bytes.get(b.device[i]) ?? 0) + b.size[i]);
    }
  }
  return [...bytes].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0;
}

/**
 * Lifetimes of the allocations of the busiest GPU. What was live before the recording has no time: it starts at 0;
 * what of it no row tells of is one more, which stays.
 *
 * @returns null when no event has a time.
 */
export function allocationLifetimes(
  batches: readonly AllocationColumns[],
  heldBefore: AllocationTraceMeta["heldBefore"] = [],
): { rows: Lifetime[]; seconds: number } | null {
  const device = mainDevice(batches);
  const rows: Lifetime[] = heldBefore.filter((held) => held.device === device)
    .map(({ bytes }) => ({ bytes, start: 0, end: Infinity }));
  const living = new Map<number, Lifetime>();
  let first = NaN;
  let last = 0;
  let timed = false;
  for (const b of batches) {
    for (let i = 0; i < b.count; i++) {
      if (b.device[i] !== device) continue;
      const at = b.timeNs[i] / 1e9;
      if (!Number.isNaN(at)) {
        timed = true;
        if (Number.isNaN(first)) first = at;
        last = Math.max(last, at - first);
      }
      const now = Number.isNaN(at) ? last : Math.max(0, at - first);
      if (b.op[i] === ALLOC) {
        const row = { bytes: b.size[i], start: now, end: Infinity };
        rows.push(row);
        living.set(b.id[i], row);
      } else if (b.op[i] === FREE) {
        const row = living.get(b.id[i]);
        if (row !== undefined) row.end = now;
        living.delete(b.id[i]);
      }
    }
  }
  return timed ? { rows, seconds: last } : null;
}
