import { DEFAULT_CONF } from "./alloc_conf.ts";
import type { BlockPools } from "./block_pools.ts";
import type { BlockTable } from "./block_table.ts";
import { CHUNK, ChunkMemory } from "./chunk_memory.ts";
import type { ChunkDevice, DeviceCounters } from "./device.ts";
import { countActive, type Heap, type HeapStats } from "./heap.ts";
import { MIN_BLOCK, roundSize, segmentSize, SMALL_SIZE } from "./rounding.ts";
import { type SegmentView, viewSegments } from "./segment_view.ts";
import type { Chunk, StitchBook } from "./stitch_book.ts";
import { StreamEvents } from "./stream_events.ts";

const LARGE = 1;

/** GMLake's settings (environment variables of the same names; bytes where they are bytes). */
export interface GmlakeConf {
  /** Requests below this are not stitched. */
  readonly fragLimit: number;
  /** A stitched block is used again for requests down to its size divided by this. */
  readonly reuseLimit: number;
  /** 0 stitches before growing, 1 after growing failed, 2 only after the cache was given back. */
  readonly defragLevel: number;
  /** Address space of stitched blocks at which idle ones are dropped. */
  readonly autoGcBytes: number;
}

/**
 * GMLake's allocator: PyTorch's small pool, and large memory in chunks of 2 MiB that can be stitched under a
 * new address (Guo et al., ASPLOS 24; DeviceCachingAllocator of its code). One thing differs: a block under
 * the unused tail of an active stitched block is never released, because there the original corrupts itself.
 */
export class GmlakeAllocator implements Heap {
  readonly table: BlockTable;
  readonly stats: HeapStats;
  readonly #conf: GmlakeConf;
  readonly #device: ChunkDevice;
  readonly #memory: ChunkMemory;
  readonly #pools: BlockPools;
  readonly #book: StitchBook;
  readonly #events: StreamEvents;
  #limit: number | null = null;

  constructor(device: ChunkDevice, conf: GmlakeConf) {
    this.#conf = conf;
    this.#device = device;
    this.#memory = new ChunkMemory(device);
    this.#pools = this.#memory.pools;
    this.#book = this.#memory.book;
    this.table = this.#pools.table;
    this.stats = this.#pools.stats;
    this.#events = new StreamEvents(this.table, (block) => this.#complete(block));
  }

  get calls(): DeviceCounters {
    return this.#device.counters;
  }

  get deviceUsedBytes(): number {
    return this.#device.usedBytes;
  }

  setFraction(fraction: number): void {
    this.#limit = Math.floor(fraction * this.#device.capacityBytes);
  }

  malloc(bytes: number, stream: number): number {
    this.#events.process();
    const rounded = roundSize(bytes, DEFAULT_CONF);
    const size = rounded <= SMALL_SIZE ? rounded : Math.ceil(rounded / CHUNK) * CHUNK;
    const block = size <= SMALL_SIZE ? this.#small(stream, size) : this.#large(stream, size);
    if (block < 0) {
      this.stats.ooms++;
      return -1;
    }
    this.stats.allocated += size;
    this.stats.requested += bytes;
    if (!this.#book.active.has(block)) this.stats.active += this.table.size[block];
    this.table.requested[block] = bytes;
    this.#actual[block] = size;
    countActive(this.stats, 0, 0);
    this.#memory.countStranded();
    return block;
  }

  /** Rounded request of a live block; a stitched one may be longer. */
  readonly #actual: number[] = [];

  free(block: number): void {
    this.stats.allocated -= this.#actual[block];
    this.table.allocated[block] = 0;
    if (!this.#events.defer(block)) this.#complete(block);
    this.#memory.countStranded();
  }

  recordStream(block: number, stream: number): void {
    if (stream !== this.table.stream[block]) this.#events.use(block, stream);
  }

  streamDone(stream: number): void {
    this.#events.done(stream);
  }

  emptyCache(): void {
    this.#releaseCached();
    this.#book.collect();
    this.#memory.countStranded();
  }

  addressOf(block: number): number {
    return this.table.address[block];
  }

  sizeOf(block: number): number {
    return this.table.size[block];
  }

  describe(block: number): Readonly<Record<string, boolean>> {
    return { fused: this.#book.active.has(block) };
  }

  largestFree(): number {
    return Math.max(
      this.#pools.pool(0).largest(),
      this.#pools.pool(LARGE).largest(),
      this.#book.ready.largest(),
    );
  }

  segments(): SegmentView[] {
    return viewSegments(this.table, this.#pools.heads);
  }

  #small(stream: number, size: number): number {
    const pool = this.#pools.pool(0);
    let block = pool.lowerBound(stream, size);
    if (block >= 0 && this.table.stream[block] === stream) this.#pools.takeOut(block);
    else {
      const wanted = segmentSize(size, DEFAULT_CONF);
      const grow = () => {
        if (this.#overLimit(wanted)) return -1;
        const address = this.#device.malloc(wanted);
        return address < 0 ? -1 : this.#memory.newSegment(address, wanted, stream, 0);
      };
      block = grow();
      if (block < 0) {
        this.#releaseCached();
        this.stats.retries++;
        block = grow();
      }
      if (block < 0) return -1;
    }
    if (this.table.size[block] - size >= MIN_BLOCK) {
      this.#pools.putFree(this.table.cut(block, this.table.address[block] + size));
    }
    this.table.allocated[block] = 1;
    return block;
  }

  #large(stream: number, size: number): number {
    const found = this.#fromPool(stream, size);
    if (found >= 0) return found;
    const stitched = this.#stitch(stream, size, 0);
    if (stitched >= 0) return stitched;
    let block = this.#grow(stream, size);
    if (block < 0) block = this.#stitch(stream, size, 1);
    if (block < 0) {
      this.#releaseCached();
      this.stats.retries++;
      block = this.#grow(stream, size);
    }
    return block < 0 ? this.#stitch(stream, size, 2) : block;
  }

  /** Best fit among the primitive blocks, else a stitched one that is cached. */
  #fromPool(stream: number, size: number): number {
    const block = this.#pools.pool(LARGE).lowerBound(stream, size);
    if (block >= 0 && this.table.stream[block] === stream) {
      this.#pools.takeOut(block);
      for (const chunk of this.#book.chunks[block]) this.#book.take(chunk, block);
      this.#memory.hold(block, size);
      return block;
    }
    const s = this.#book.findReady(stream, size, this.#conf.reuseLimit);
    if (s < 0) return -1;
    const count = size / CHUNK;
    const chunks = this.#book.chunks[s].slice(0, count);
    for (const home of this.#memory.homesOf(chunks)) this.#pools.takeOut(home);
    for (const chunk of chunks) this.#book.take(chunk, s);
    for (const home of this.#memory.homesOf(chunks)) this.#memory.splitByUse(home);
    this.#book.activate(s, count);
    this.table.allocated[s] = 1;
    return s;
  }

  /** Takes free blocks from the largest down and maps them under one new address. */
  #stitch(stream: number, size: number, time: number): number {
    if (time < this.#conf.defragLevel || size < this.#conf.fragLimit) return -1;
    const t = this.table;
    const pool = this.#pools.pool(LARGE);
    const parts: number[] = [];
    let sum = 0;
    let block = pool.lastBefore(stream, Infinity);
    for (; block >= 0 && t.stream[block] === stream; block = pool.predecessor(block)) {
      if (sum >= size) break;
      parts.push(block);
      sum += t.size[block];
    }
    // One block alone is not stitched, even if it is long enough.
    const single = parts.length === 1 && (block < 0 || t.stream[block] !== stream);
    if (sum < size || parts.length === 0 || single) return -1;
    for (const part of parts) this.#pools.takeOut(part);
    if (sum > size) {
      const last = parts[parts.length - 1];
      this.#pools.putFree(this.#memory.cut(last, (t.size[last] - (sum - size)) / CHUNK));
    }
    const chunks = parts.flatMap((part) => this.#book.chunks[part]);
    for (const chunk of chunks) this.#book.take(chunk, -1);
    for (const part of parts) this.#memory.lend(part);
    const s = this.#book.stitch(chunks, stream, CHUNK);
    t.allocated[s] = 1;
    this.stats.segments++;
    if (this.#book.stitchedBytes > this.#conf.autoGcBytes) this.#book.collect();
    return s;
  }

  #overLimit(bytes: number): boolean {
    return this.#limit !== null && this.stats.reserved + bytes > this.#limit;
  }

  /** A new segment of chunks; -1 when the device is full. */
  #grow(stream: number, size: number): number {
    const wanted = segmentSize(size, DEFAULT_CONF);
    const count = wanted / CHUNK;
    if (this.#overLimit(wanted) || !this.#device.create(count, CHUNK)) return -1;
    const address = this.#device.reserve(wanted);
    this.#device.mapEach(count);
    const block = this.#memory.newSegment(address, wanted, stream, LARGE);
    this.#book.chunks[block] = Array.from(
      { length: count },
      (): Chunk => ({ free: false, home: block, stitched: [] }),
    );
    this.#memory.hold(block, size);
    return block;
  }

  /** A free that waits for nothing any more. */
  #complete(block: number): void {
    const { active, chunks, used } = this.#book;
    if (!active.has(block)) {
      for (const chunk of chunks[block] ?? []) this.#book.give(chunk, block);
      this.#pools.freeBlock(block);
      return;
    }
    this.stats.requested -= this.table.requested[block];
    const mine = chunks[block].slice(0, used[block]);
    for (const chunk of mine) this.#book.give(chunk, block);
    this.#book.freeCount[block] += mine.length;
    this.#book.deactivate(block);
    const homes = this.#memory.homesOf(mine);
    for (const home of homes) {
      // An earlier one may have merged with it already.
      if (this.table.allocated[home] === 0 || chunks[home].length === 0) continue;
      this.table.allocated[home] = 0;
      this.#pools.freeBlock(home);
    }
  }

  #releaseCached(): void {
    this.stats.syncs++;
    this.#events.finishAll();
    const t = this.table;
    for (const block of this.#pools.pool(LARGE).toArray()) {
      if (t.previous[block] >= 0 || t.next[block] >= 0 || this.#book.heldByActive(block)) continue;
      for (const s of this.#book.idleOver(block)) this.#book.drop(s);
      this.#memory.releaseChunks(block);
    }
    for (const block of this.#pools.pool(0).toArray()) {
      if (t.previous[block] < 0 && t.next[block] < 0) this.#pools.releaseBlock(block);
    }
  }
}
