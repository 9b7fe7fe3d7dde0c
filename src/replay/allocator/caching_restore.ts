import type { BlockPools } from "./block_pools.ts";
import { countActive, countReserved } from "./heap.ts";
import type { FoundSegment } from "./segment_view.ts";

/** Puts a segment there as it was found: with live blocks, by address; what lies between them is free. */
export function restoreSegment(pools: BlockPools, segment: FoundSegment): number[] {
  const { table: t, stats, ranges } = pools;
  const pool = 2 * segment.pool + (segment.large ? 1 : 0);
  let rest: number;
  if (segment.expandable) {
    // The range reaches beyond the run; pages count from the run's start.
    rest = ranges.adopt(segment.address, segment.totalSize, segment.stream, pool);
    ranges.forget(rest);
    t.mapped[rest] = 1;
  } else {
    rest = t.create(segment.address, segment.totalSize, segment.stream, pool);
    stats.segments++;
  }
  pools.heads.add(rest);
  countReserved(stats, segment.totalSize);
  const blocks = segment.live.map((live) => {
    if (live.address > t.address[rest]) {
      const hole = rest;
      rest = t.cut(rest, live.address);
      pools.putFree(hole);
    }
    const block = rest;
    rest = live.size < t.size[block] ? t.cut(block, live.address + live.size) : -1;
    t.allocated[block] = 1;
    t.requested[block] = live.requested;
    countActive(stats, t.size[block], live.requested);
    return block;
  });
  if (rest >= 0) pools.putFree(rest);
  return blocks;
}

/** Releases the free segment (or unmaps the free pages) at an address as a recording says; false if there is none. */
export function followRelease(pools: BlockPools, address: number, size: number): boolean {
  const { table: t, ranges } = pools;
  for (const head of pools.heads) {
    if (t.range[head] < 0) {
      if (t.address[head] !== address) continue;
      if (t.size[head] !== size || t.next[head] >= 0 || !pools.isFree(head)) return false;
      pools.releaseBlock(head);
      return true;
    }
    for (let b = head; b >= 0; b = t.next[b]) {
      if (address < t.address[b] || address >= t.address[b] + t.size[b]) continue;
      if (!t.mapped[b] || !pools.isFree(b)) return false;
      const whole = ranges.wholeHandles(b);
      if (whole === null || whole.address !== address || whole.size !== size) return false;
      pools.unmap(b);
      return true;
    }
  }
  return false;
}
