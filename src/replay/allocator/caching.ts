import type { AllocConf } from "./alloc_conf.ts";
import { BlockPools } from "./block_pools.ts";
import type { BlockTable } from "./block_table.ts";
import { collectGarbage, releaseAvailable, releaseCached } from "./caching_release.ts";
import { followRelease, restoreSegment } from "./caching_restore.ts";
import type { Device, DeviceCounters } from "./device.ts";
import type { FreePool } from "./free_pool.ts";
import { countActive, countReserved, type Heap, type HeapStats } from "./heap.ts";
import { MIN_BLOCK, roundSize, segmentSize, SMALL_SIZE } from "./rounding.ts";
import { type FoundSegment, type SegmentView, viewSegments } from "./segment_view.ts";
import { StreamEvents } from "./stream_events.ts";

const MIB = 2 ** 20;

/**
 * PyTorch's native caching allocator of one device, statement by statement (CUDACachingAllocator.cpp 2.6.0;
 * checked against it address by address).
 */
export class CachingAllocator implements Heap {
  readonly table: BlockTable;
  readonly stats: HeapStats;
  readonly #conf: AllocConf;
  readonly #pools: BlockPools;
  readonly #events: StreamEvents;
  #limit: number | null = null;

  constructor(device: Device, conf: AllocConf) {
    this.#conf = conf;
    this.#pools = new BlockPools(device, conf);
    this.table = this.#pools.table;
    this.stats = this.#pools.stats;
    this.#events = new StreamEvents(this.table, (block) => this.#pools.freeBlock(block));
    if (conf.memoryFraction !== null) this.setFraction(conf.memoryFraction);
  }

  get calls(): DeviceCounters {
    return this.#pools.device.counters;
  }

  get deviceUsedBytes(): number {
    return this.#pools.device.usedBytes;
  }

  setFraction(fraction: number): void {
    this.#limit = Math.floor(fraction * this.#pools.device.capacityBytes);
  }

  malloc(bytes: number, stream: number, instance = 0): number {
    this.#events.process();
    const size = roundSize(bytes, this.#conf);
    const pool = 2 * instance + (size <= SMALL_SIZE ? 0 : 1);
    let block = this.#takeFree(pool, stream, size);
    if (block < 0) {
      block = this.#find(pool, stream, size);
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
    if (!this.#events.defer(block)) this.#pools.freeBlock(block);
  }

  recordStream(block: number, stream: number): void {
    if (stream !== this.table.stream[block]) this.#events.use(block, stream);
  }

  streamDone(stream: number): void {
    this.#events.done(stream);
  }

  emptyCache(): void {
    this.#releaseCached();
  }

  addressOf(block: number): number {
    return this.table.address[block];
  }

  sizeOf(block: number): number {
    return this.table.size[block];
  }

  largestFree(): number {
    return Math.max(0, ...this.#pools.all.map((pool) => pool.largest()));
  }

  segments(): SegmentView[] {
    return viewSegments(this.table, this.#pools.heads);
  }

  /** Puts a segment there as it was found: the numbers of its live blocks. */
  restore(segment: FoundSegment): number[] {
    return restoreSegment(this.#pools, segment);
  }

  /** Releases what a recording says was released; false if it is not free here. */
  follow(address: number, size: number): boolean {
    this.#events.process();
    return followRelease(this.#pools, address, size);
  }

  /** A block from the driver, after giving back what helps. */
  #find(pool: number, stream: number, size: number): number {
    const wanted = segmentSize(size, this.#conf);
    if (this.#limit !== null && this.#conf.gcThreshold > 0) {
      collectGarbage(this.#pools, this.#conf.gcThreshold, this.#limit);
    }
    let block = this.#newBlock(pool, stream, size, wanted);
    if (
      block < 0 && releaseAvailable(this.#pools, pool, stream, size, this.#conf.maxSplitBytes)
    ) {
      block = this.#newBlock(pool, stream, size, wanted);
    }
    if (block < 0) {
      // The pools are not searched again after this: pending blocks that became free stay unused.
      this.#releaseCached();
      this.stats.retries++;
      block = this.#newBlock(pool, stream, size, wanted);
    }
    return block;
  }

  #place(block: number, size: number, requested: number, pool: number): void {
    const t = this.table;
    const rest = t.size[block] - size;
    const split = (pool & 1) === 0 || this.#conf.expandable
      ? rest >= MIN_BLOCK
      : size < this.#conf.maxSplitBytes && rest > MIB;
    if (split) this.#pools.putFree(t.cut(block, t.address[block] + size));
    t.allocated[block] = 1;
    t.requested[block] = requested;
    countActive(this.stats, t.size[block], requested);
  }

  /** Best fit within stream and pool, or -1. */
  #takeFree(pool: number, stream: number, size: number): number {
    const free = this.#pools.pool(pool);
    if (this.#limit !== null && this.#conf.gcThreshold > 0) free.calls++;
    const t = this.table;
    let block = free.lowerBound(stream, size);
    if (block < 0 || t.stream[block] !== stream) return -1;
    if (t.range[block] >= 0) block = this.#leastExpandable(free, block);
    const max = this.#conf.maxSplitBytes;
    if (size < max && t.size[block] >= max) return -1;
    if (size >= max && t.size[block] >= size + this.#conf.maxNonSplitRoundingBytes) return -1;
    this.#pools.takeOut(block);
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

  #newBlock(pool: number, stream: number, size: number, wanted: number): number {
    const s = this.stats;
    // The whole segment counts against the limit, even where less would be mapped.
    if (this.#limit !== null && s.reserved + wanted > this.#limit) return -1;
    if (this.#conf.expandable) return this.#expand(pool, stream, size);
    const address = this.#pools.device.malloc(wanted);
    if (address < 0) return -1;
    s.segments++;
    s.deviceAllocs++;
    countReserved(s, wanted);
    const fresh = this.table.create(address, wanted, stream, pool);
    this.#pools.heads.add(fresh);
    return fresh;
  }

  /** try_allocate_expandable_block: maps what is missing behind a free block, or at the start of a range. */
  #expand(pool: number, stream: number, size: number): number {
    const t = this.table;
    const { ranges, heads } = this.#pools;
    let block = ranges.find(pool, stream, size);
    if (block < 0) {
      block = ranges.open(pool, stream);
      heads.add(block);
    }
    if (!t.mapped[block] && !this.#pools.map(block, Math.min(t.size[block], size))) return -1;
    while (t.size[block] < size) {
      const behind = t.next[block];
      // A request beyond the whole range: the driver has refused it before.
      if (behind < 0) return -1;
      if (!this.#pools.map(behind, Math.min(size - t.size[block], t.size[behind]))) return -1;
      block = behind;
    }
    this.#pools.takeOut(block);
    return block;
  }

  #releaseCached(): void {
    this.stats.syncs++;
    this.#events.finishAll();
    releaseCached(this.#pools);
  }
}
