import type { AllocConf } from "./alloc_conf.ts";
import { BlockTable } from "./block_table.ts";
import type { Device } from "./device.ts";
import { FreePool } from "./free_pool.ts";
import { MIN_BLOCK, roundSize, segmentSize, SMALL_SIZE } from "./rounding.ts";

const MIB = 2 ** 20;

/** Counters of the allocator, as PyTorch's memory statistics define them. Bytes. */
export interface CachingStats {
  allocated: number;
  reserved: number;
  active: number;
  requested: number;
  inactiveSplit: number;
  inactiveSplitCount: number;
  segments: number;
  peakAllocated: number;
  peakReserved: number;
  peakRequested: number;
  peakActive: number;
  retries: number;
  ooms: number;
  deviceAllocs: number;
  deviceFrees: number;
  syncs: number;
}

/** A segment as a memory snapshot shows it. */
export interface SegmentView {
  readonly address: number;
  readonly totalSize: number;
  readonly stream: number;
  readonly large: boolean;
  readonly blocks: readonly {
    readonly address: number;
    readonly size: number;
    readonly requestedSize: number;
    readonly state: "active_allocated" | "active_pending_free" | "inactive";
  }[];
}

/** An event between a freed block and a stream that still uses it. */
interface PendingEvent {
  readonly block: number;
  done: boolean;
}

/**
 * PyTorch's native caching allocator of one device, statement by statement (CUDACachingAllocator.cpp 2.6.0;
 * checked against it address by address). A block is the number that {@link malloc} returns.
 */
export class CachingAllocator {
  readonly table = new BlockTable();
  readonly stats: CachingStats = {
    allocated: 0,
    reserved: 0,
    active: 0,
    requested: 0,
    inactiveSplit: 0,
    inactiveSplitCount: 0,
    segments: 0,
    peakAllocated: 0,
    peakReserved: 0,
    peakRequested: 0,
    peakActive: 0,
    retries: 0,
    ooms: 0,
    deviceAllocs: 0,
    deviceFrees: 0,
    syncs: 0,
  };
  readonly #conf: AllocConf;
  readonly #device: Device;
  readonly #pools: readonly [FreePool, FreePool];
  readonly #streamUses = new Map<number, Set<number>>();
  readonly #events = new Map<number, PendingEvent[]>();
  readonly #heads = new Set<number>();
  #limit: number | null = null;

  constructor(device: Device, conf: AllocConf) {
    this.#device = device;
    this.#conf = conf;
    this.#pools = [new FreePool(this.table), new FreePool(this.table)];
  }

  /** Limits what may be reserved to a share of the device. */
  setFraction(fraction: number): void {
    this.#limit = Math.floor(fraction * this.#device.capacityBytes);
  }

  /** Allocates; -1 when out of memory. A request of 0 bytes is no allocation and must not come here. */
  malloc(bytes: number, stream: number): number {
    this.#processEvents();
    const size = roundSize(bytes, this.#conf);
    const pool = size <= SMALL_SIZE ? 0 : 1;
    const wanted = segmentSize(size, this.#conf);
    let block = this.#takeFree(pool, stream, size);
    if (block < 0) {
      if (this.#limit !== null && this.#conf.gcThreshold > 0) this.#collectGarbage(this.#limit);
      block = this.#newBlock(pool, stream, wanted, false);
      if (block < 0 && this.#releaseAvailable(stream, size)) {
        block = this.#newBlock(pool, stream, wanted, false);
      }
      if (block < 0) {
        // The pools are not searched again after this: pending blocks that became free stay unused.
        this.#releaseCached();
        block = this.#newBlock(pool, stream, wanted, true);
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
    const uses = this.#streamUses.get(block);
    if (uses === undefined) {
      this.#freeBlock(block);
      return;
    }
    this.#streamUses.delete(block);
    for (const stream of uses) {
      t.pending[block]++;
      const queue = this.#events.get(stream) ?? [];
      queue.push({ block, done: false });
      this.#events.set(stream, queue);
    }
  }

  /** Notes that another stream uses the block, so that its free must wait for that stream. */
  recordStream(block: number, stream: number): void {
    if (stream === this.table.stream[block]) return;
    const uses = this.#streamUses.get(block) ?? new Set();
    uses.add(stream);
    this.#streamUses.set(block, uses);
  }

  /** All work given to a stream so far is done; blocks become free at the next allocation. */
  streamDone(stream: number): void {
    for (const event of this.#events.get(stream) ?? []) event.done = true;
  }

  emptyCache(): void {
    this.#releaseCached();
  }

  /** Every segment with its blocks, by address. */
  segments(): SegmentView[] {
    const t = this.table;
    return [...this.#heads].sort((a, b) => t.address[a] - t.address[b]).map((head) => {
      const blocks = [];
      let total = 0;
      for (let b = head; b >= 0; b = t.next[b]) {
        total += t.size[b];
        blocks.push({
          address: t.address[b],
          size: t.size[b],
          requestedSize: t.requested[b],
          state: t.allocated[b]
            ? "active_allocated" as const
            : t.pending[b] > 0
            ? "active_pending_free" as const
            : "inactive" as const,
        });
      }
      return {
        address: t.address[head],
        totalSize: total,
        stream: t.stream[head],
        large: t.pool[head] === 1,
        blocks,
      };
    });
  }

  #place(block: number, size: number, requested: number, pool: number): void {
    const t = this.table;
    const s = this.stats;
    const rest = t.size[block] - size;
    const split = pool === 0 ? rest >= MIN_BLOCK : size < this.#conf.maxSplitBytes && rest > MIB;
    if (split) {
      const remainder = t.create(t.address[block] + size, rest, t.stream[block], pool);
      t.previous[remainder] = block;
      t.next[remainder] = t.next[block];
      if (t.next[block] >= 0) t.previous[t.next[block]] = remainder;
      t.next[block] = remainder;
      t.size[block] = size;
      this.#putFree(remainder);
    }
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
    const block = free.lowerBound(stream, size);
    if (block < 0 || t.stream[block] !== stream) return -1;
    const max = this.#conf.maxSplitBytes;
    if (size < max && t.size[block] >= max) return -1;
    if (size >= max && t.size[block] >= size + this.#conf.maxNonSplitRoundingBytes) return -1;
    this.#takeOut(block);
    return block;
  }

  #newBlock(pool: number, stream: number, size: number, retry: boolean): number {
    const s = this.stats;
    if (retry) s.retries++;
    if (this.#limit !== null && s.reserved + size > this.#limit) return -1;
    const address = this.#device.malloc(size);
    if (address < 0) return -1;
    s.reserved += size;
    s.segments++;
    s.deviceAllocs++;
    if (s.reserved > s.peakReserved) s.peakReserved = s.reserved;
    const block = this.table.create(address, size, stream, pool);
    this.#heads.add(block);
    return block;
  }

  /** A block whose free is complete: it leaves the active bytes, merges with free neighbours and is pooled. */
  #freeBlock(block: number): void {
    const t = this.table;
    this.stats.active -= t.size[block];
    this.stats.requested -= t.requested[block];
    const merged = block;
    const previous = t.previous[merged];
    if (previous >= 0 && this.#isFree(previous)) {
      this.#takeOut(previous);
      // The left one survives under the number of the freed block: its address moves down.
      t.address[merged] = t.address[previous];
      t.size[merged] += t.size[previous];
      t.previous[merged] = t.previous[previous];
      if (t.previous[previous] >= 0) t.next[t.previous[previous]] = merged;
      if (this.#heads.delete(previous)) this.#heads.add(merged);
      t.release(previous);
    }
    const next = t.next[merged];
    if (next >= 0 && this.#isFree(next)) {
      this.#takeOut(next);
      t.size[merged] += t.size[next];
      t.next[merged] = t.next[next];
      if (t.next[next] >= 0) t.previous[t.next[next]] = merged;
      t.release(next);
    }
    this.#putFree(merged);
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
    if (t.previous[block] < 0 && t.next[block] < 0) return;
    this.stats.inactiveSplit += sign * t.size[block];
    this.stats.inactiveSplitCount += sign;
  }

  #processEvents(): void {
    for (const [stream, queue] of this.#events) {
      let done = 0;
      while (done < queue.length && queue[done].done) this.#finish(queue[done++].block);
      if (done === queue.length) this.#events.delete(stream);
      else if (done > 0) queue.splice(0, done);
    }
  }

  #finish(block: number): void {
    if (--this.table.pending[block] === 0) this.#freeBlock(block);
  }

  #releaseAvailable(stream: number, size: number): boolean {
    const max = this.#conf.maxSplitBytes;
    if (max === Infinity) return false;
    const t = this.table;
    const key = Math.max(size, max);
    const pool = this.#pools[1];
    const found = pool.lowerBound(stream, key);
    if (found >= 0 && t.stream[found] === stream) {
      this.#releaseBlock(found);
      return true;
    }
    let got = 0;
    let block = pool.lastBefore(stream, key);
    while (block >= 0 && got < key && t.size[block] >= max && t.stream[block] === stream) {
      const before = pool.predecessor(block);
      got += t.size[block];
      this.#releaseBlock(block);
      block = before;
    }
    return got >= key;
  }

  #releaseCached(): void {
    this.stats.syncs++;
    for (const queue of [...this.#events.values()]) for (const e of queue) this.#finish(e.block);
    this.#events.clear();
    const t = this.table;
    for (const pool of [this.#pools[1], this.#pools[0]]) {
      for (const block of pool.toArray()) {
        if (t.previous[block] < 0 && t.next[block] < 0) this.#releaseBlock(block);
      }
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
      const unsplit = pool.toArray().filter((b) => t.previous[b] < 0 && t.next[b] < 0);
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
