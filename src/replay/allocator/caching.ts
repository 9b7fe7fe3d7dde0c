import type { AllocConf } from "./alloc_conf.ts";
import { BlockTable } from "./block_table.ts";
import { type CachingStats, noStats } from "./caching_stats.ts";
import type { Device } from "./device.ts";
import { ExpandableRanges } from "./expandable_ranges.ts";
import { FreePool } from "./free_pool.ts";
import { MIN_BLOCK, roundSize, segmentSize, SMALL_SIZE } from "./rounding.ts";
import { type FoundSegment, type SegmentView, viewSegments } from "./segment_view.ts";
import { StreamEvents } from "./stream_events.ts";

const MIB = 2 ** 20;

/**
 * PyTorch's native caching allocator of one device, statement by statement (CUDACachingAllocator.cpp 2.6.0;
 * checked against it address by address). A block is the number that {@link malloc} returns.
 */
export class CachingAllocator {
  readonly table = new BlockTable();
  readonly stats: CachingStats = noStats();
  readonly #conf: AllocConf;
  readonly #device: Device;
  readonly #pools: readonly [FreePool, FreePool];
  readonly #events: StreamEvents;
  readonly #heads = new Set<number>();
  readonly #ranges: ExpandableRanges;
  #limit: number | null = null;

  constructor(device: Device, conf: AllocConf) {
    this.#device = device;
    this.#conf = conf;
    this.#pools = [new FreePool(this.table), new FreePool(this.table)];
    this.#events = new StreamEvents(this.table, (block) => this.#freeBlock(block));
    this.#ranges = new ExpandableRanges(device, this.table, conf.largeSegmentBytes);
  }

  /** Limits what may be reserved to a share of the device. */
  setFraction(fraction: number): void {
    this.#limit = Math.floor(fraction * this.#device.capacityBytes);
  }

  /** Allocates; -1 when out of memory. A request of 0 bytes is no allocation and must not come here. */
  malloc(bytes: number, stream: number): number {
    this.#events.process();
    const size = roundSize(bytes, this.#conf);
    const pool = size <= SMALL_SIZE ? 0 : 1;
    const wanted = segmentSize(size, this.#conf);
    let block = this.#takeFree(pool, stream, size);
    if (block < 0) {
      if (this.#limit !== null && this.#conf.gcThreshold > 0) this.#collectGarbage(this.#limit);
      block = this.#newBlock(pool, stream, size, wanted, false);
      if (block < 0 && this.#releaseAvailable(stream, size)) {
        block = this.#newBlock(pool, stream, size, wanted, false);
      }
      if (block < 0) {
        // The pools are not searched again after this: pending blocks that became free stay unused.
        this.#releaseCached();
        block = this.#newBlock(pool, stream, size, wanted, true);
      }
      if (block < 0) {
        this.stats.ooms++;
        return -1;
      }
    }
    this.#place(block, size, bytes, pool);
    return block;
  }

  free(block: number): void {
    const t = this.table;
    t.allocated[block] = 0;
    this.stats.allocated -= t.size[block];
    if (!this.#events.defer(block)) this.#freeBlock(block);
  }

  /** Notes that another stream uses the block, so that its free must wait for that stream. */
  recordStream(block: number, stream: number): void {
    if (stream !== this.table.stream[block]) this.#events.use(block, stream);
  }

  /** All work given to a stream so far is done; blocks become free at the next allocation. */
  streamDone(stream: number): void {
    this.#events.done(stream);
  }

  emptyCache(): void {
    this.#releaseCached();
  }

  /** Puts a segment there as it was found: with live blocks, by address; what lies between them is free. */
  restore(segment: FoundSegment): number[] {
    const t = this.table;
    const pool = segment.large ? 1 : 0;
    let rest: number;
    if (segment.expandable) {
      // The range reaches beyond the run; pages count from the run's start.
      rest = this.#ranges.adopt(segment.address, segment.totalSize, segment.stream, pool);
      this.#ranges.forget(rest);
      t.mapped[rest] = 1;
    } else {
      rest = t.create(segment.address, segment.totalSize, segment.stream, pool);
      this.stats.segments++;
    }
    this.#heads.add(rest);
    this.#grow(segment.totalSize);
    const blocks = segment.live.map((live) => {
      if (live.address > t.address[rest]) {
        const hole = rest;
        rest = t.cut(rest, live.address);
        this.#putFree(hole);
      }
      const block = rest;
      rest = live.size < t.size[block] ? t.cut(block, live.address + live.size) : -1;
      this.#setLive(block, live.requested);
      return block;
    });
    if (rest >= 0) this.#putFree(rest);
    return blocks;
  }

  /** Releases the free segment (or unmaps the free pages) at an address as a recording says; false if there is none. */
  follow(address: number, size: number): boolean {
    this.#events.process();
    const t = this.table;
    for (const head of this.#heads) {
      if (t.range[head] < 0) {
        if (t.address[head] !== address) continue;
        if (t.size[head] !== size || t.next[head] >= 0 || !this.#isFree(head)) return false;
        this.#releaseBlock(head);
        return true;
      }
      for (let b = head; b >= 0; b = t.next[b]) {
        if (address < t.address[b] || address >= t.address[b] + t.size[b]) continue;
        if (!t.mapped[b] || !this.#isFree(b)) return false;
        const whole = this.#ranges.wholeHandles(b);
        if (whole === null || whole.address !== address || whole.size !== size) return false;
        this.#unmap(b);
        return true;
      }
    }
    return false;
  }

  /** Every segment with its blocks, by address. */
  segments(): SegmentView[] {
    return viewSegments(this.table, this.#heads);
  }

  #place(block: number, size: number, requested: number, pool: number): void {
    const t = this.table;
    const rest = t.size[block] - size;
    const split = pool === 0 || this.#conf.expandable
      ? rest >= MIN_BLOCK
      : size < this.#conf.maxSplitBytes && rest > MIB;
    if (split) this.#putFree(t.cut(block, t.address[block] + size));
    this.#setLive(block, requested);
  }

  #setLive(block: number, requested: number): void {
    const t = this.table;
    const s = this.stats;
    t.allocated[block] = 1;
    t.requested[block] = requested;
    s.allocated += t.size[block];
    s.active += t.size[block];
    s.requested += requested;
    if (s.allocated > s.peakAllocated) s.peakAllocated = s.allocated;
    if (s.active > s.peakActive) s.peakActive = s.active;
    if (s.requested > s.peakRequested) s.peakRequested = s.requested;
  }

  /** Best fit within stream and pool, or -1. */
  #takeFree(pool: number, stream: number, size: number): number {
    const free = this.#pools[pool];
    if (this.#limit !== null && this.#conf.gcThreshold > 0) free.calls++;
    const t = this.table;
    let block = free.lowerBound(stream, size);
    if (block < 0 || t.stream[block] !== stream) return -1;
    if (t.range[block] >= 0) block = this.#leastExpandable(free, block);
    const max = this.#conf.maxSplitBytes;
    if (size < max && t.size[block] >= max) return -1;
    if (size >= max && t.size[block] >= size + this.#conf.maxNonSplitRoundingBytes) return -1;
    this.#takeOut(block);
    return block;
  }

  /** A block counts with the room behind it: the smallest so counted wins among those that fit. */
  #leastExpandable(free: FreePool, first: number): number {
    const t = this.table;
    const room = (b: number) => {
      const next = t.next[b];
      return t.size[b] + (next >= 0 && !t.mapped[next] ? t.size[next] : 0);
    };
    let block = first;
    for (;;) {
      const next = free.successor(block);
      if (next < 0 || t.stream[next] !== t.stream[block] || room(next) >= room(block)) return block;
      block = next;
    }
  }

  #newBlock(pool: number, stream: number, block: number, size: number, retry: boolean): number {
    const s = this.stats;
    if (retry) s.retries++;
    if (this.#limit !== null && s.reserved + size > this.#limit) return -1;
    if (this.#conf.expandable) return this.#expand(pool, stream, block);
    const address = this.#device.malloc(size);
    if (address < 0) return -1;
    s.segments++;
    s.deviceAllocs++;
    this.#grow(size);
    const fresh = this.table.create(address, size, stream, pool);
    this.#heads.add(fresh);
    return fresh;
  }

  /** try_allocate_expandable_block: maps what is missing behind a free block, or at the start of a range. */
  #expand(pool: number, stream: number, size: number): number {
    const t = this.table;
    let block = this.#ranges.find(pool, stream, size);
    if (block < 0) {
      block = this.#ranges.open(pool, stream);
      this.#heads.add(block);
    }
    if (!t.mapped[block] && !this.#map(block, Math.min(t.size[block], size))) return -1;
    while (t.size[block] < size) {
      const behind = t.next[block];
      if (!this.#map(behind, Math.min(size - t.size[block], t.size[behind]))) return -1;
      block = behind;
    }
    this.#takeOut(block);
    return block;
  }

  #map(block: number, size: number): boolean {
    const mapped = this.#ranges.map(block, size);
    if (mapped === 0) return false;
    this.#mergeNeighbours(block);
    this.#putFree(block);
    this.stats.deviceAllocs++;
    this.#grow(mapped);
    return true;
  }

  #unmap(block: number): void {
    const t = this.table;
    const inside = this.#ranges.wholeHandles(block);
    if (inside === null) return;
    this.#takeOut(block);
    let middle = block;
    if (inside.address > t.address[block]) {
      middle = t.cut(block, inside.address);
      this.#putFree(block);
    }
    const end = inside.address + inside.size;
    const after = end < t.address[middle] + t.size[middle] ? t.cut(middle, end) : -1;
    if (after >= 0) this.#putFree(after);
    this.#ranges.unmap(middle);
    this.#mergeNeighbours(middle);
    this.#ranges.keep(middle);
    this.stats.reserved -= inside.size;
    this.stats.deviceFrees++;
    if (t.previous[middle] < 0 && t.next[middle] < 0) {
      this.#heads.delete(middle);
      this.#ranges.close(middle);
      t.release(middle);
    }
  }

  /** A block whose free is complete: it leaves the active bytes, merges with free neighbours and is pooled. */
  #freeBlock(block: number): void {
    const t = this.table;
    this.stats.active -= t.size[block];
    this.stats.requested -= t.requested[block];
    this.#mergeNeighbours(block);
    this.#putFree(block);
  }

  /** Merges with free neighbours of the same kind; the block keeps its number. */
  #mergeNeighbours(block: number): void {
    const t = this.table;
    const previous = t.previous[block];
    if (previous >= 0 && this.#joins(block, previous)) {
      if (this.#heads.delete(previous)) this.#heads.add(block);
      t.absorbPrevious(block);
    }
    const next = t.next[block];
    if (next >= 0 && this.#joins(block, next)) t.absorbNext(block);
  }

  /** Whether a neighbour can be merged; if so it leaves the set it waits in. */
  #joins(block: number, neighbour: number): boolean {
    const t = this.table;
    if (!this.#isFree(neighbour) || t.mapped[block] !== t.mapped[neighbour]) return false;
    if (t.mapped[neighbour]) this.#takeOut(neighbour);
    else this.#ranges.forget(neighbour);
    return true;
  }

  #grow(bytes: number): void {
    this.stats.reserved += bytes;
    this.stats.peakReserved = Math.max(this.stats.peakReserved, this.stats.reserved);
  }

  #isFree(block: number): boolean {
    return this.table.allocated[block] === 0 && this.table.pending[block] === 0;
  }

  #putFree(block: number): void {
    const pool = this.#pools[this.table.pool[block]];
    this.table.gcBase[block] = pool.calls;
    pool.insert(block);
    this.#countSplit(block, 1);
  }

  #takeOut(block: number): void {
    this.#countSplit(block, -1);
    this.#pools[this.table.pool[block]].remove(block);
  }

  /** Free blocks that have a neighbour are the inactive split bytes. */
  #countSplit(block: number, sign: 1 | -1): void {
    const t = this.table;
    if (t.range[block] >= 0 || (t.previous[block] < 0 && t.next[block] < 0)) return;
    this.stats.inactiveSplit += sign * t.size[block];
    this.stats.inactiveSplitCount += sign;
  }

  #releaseAvailable(stream: number, size: number): boolean {
    const max = this.#conf.maxSplitBytes;
    if (max === Infinity) return false;
    const t = this.table;
    const key = Math.max(size, max);
    const pool = this.#pools[1];
    const found = pool.lowerBound(stream, key);
    if (found >= 0 && t.stream[found] === stream && t.range[found] < 0) {
      this.#releaseBlock(found);
      return true;
    }
    let got = 0;
    let block = pool.lastBefore(stream, key);
    while (block >= 0 && got < key && t.size[block] >= max && t.stream[block] === stream) {
      const before = pool.predecessor(block);
      if (t.range[block] < 0) {
        got += t.size[block];
        this.#releaseBlock(block);
      }
      block = before;
    }
    return got >= key;
  }

  #releaseCached(): void {
    this.stats.syncs++;
    this.#events.finishAll();
    const t = this.table;
    for (const pool of [this.#pools[1], this.#pools[0]]) {
      const free = pool.toArray();
      for (const block of free) {
        if (t.range[block] < 0 && t.previous[block] < 0 && t.next[block] < 0) {
          this.#releaseBlock(block);
        }
      }
      for (const block of free) if (t.range[block] >= 0) this.#unmap(block);
    }
  }

  #releaseBlock(block: number): void {
    const t = this.table;
    this.#takeOut(block);
    this.#device.free(t.address[block]);
    this.stats.reserved -= t.size[block];
    this.stats.segments--;
    this.stats.deviceFrees++;
    this.#heads.delete(block);
    t.release(block);
  }

  #collectGarbage(limit: number): void {
    const threshold = Math.floor(this.#conf.gcThreshold * limit);
    if (this.stats.reserved <= threshold) return;
    const target = this.stats.reserved - threshold;
    const t = this.table;
    const pool = this.#pools[1];
    let got = 0;
    for (;;) {
      const unsplit = pool.toArray()
        .filter((b) => t.range[b] < 0 && t.previous[b] < 0 && t.next[b] < 0);
      if (got >= target || unsplit.length === 0) return;
      const ageOf = (b: number) => pool.calls - t.gcBase[b];
      const mean = unsplit.reduce((sum, b) => sum + ageOf(b), 0) / unsplit.length;
      const old = unsplit.filter((b) => ageOf(b) >= mean);
      if (old.length === 0) return;
      for (const block of old) {
        got += t.size[block];
        this.#releaseBlock(block);
      }
    }
  }
}
