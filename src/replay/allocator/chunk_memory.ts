import { DEFAULT_CONF } from "./alloc_conf.ts";
import { BlockPools } from "./block_pools.ts";
import type { ChunkDevice } from "./device.ts";
import { countReserved } from "./heap.ts";
import { type Chunk, StitchBook } from "./stitch_book.ts";

export const CHUNK = 2 * 2 ** 20;

/** Pools whose large blocks consist of chunks: splitting, merging and releasing keep both in step. */
export class ChunkMemory {
  readonly pools: BlockPools;
  readonly book: StitchBook;
  readonly #device: ChunkDevice;

  constructor(device: ChunkDevice) {
    this.#device = device;
    this.pools = new BlockPools(device, DEFAULT_CONF, (into, gone) => this.join(into, gone));
    this.book = new StitchBook(this.pools.table, device);
  }

  homesOf(chunks: readonly Chunk[]): Set<number> {
    return new Set(chunks.map((chunk) => chunk.home));
  }

  /** Takes a block whose chunks are in use for the program; what is left over stays free. */
  hold(block: number, size: number): void {
    const t = this.pools.table;
    if (t.size[block] - size >= CHUNK) {
      const rest = this.cut(block, size / CHUNK);
      for (const chunk of this.book.chunks[rest]) this.book.give(chunk, rest);
      this.pools.putFree(rest);
    }
    t.allocated[block] = 1;
  }

  /** Splits a primitive block after `count` chunks; the number of the right part. */
  cut(block: number, count: number): number {
    const rest = this.pools.table.cut(block, this.pools.table.address[block] + count * CHUNK);
    this.pools.table.allocated[rest] = 0;
    this.book.chunks[rest] = this.book.chunks[block].splice(count);
    for (const chunk of this.book.chunks[rest]) chunk.home = rest;
    return rest;
  }

  /** Splits a primitive block that left the pool into runs of used and of free chunks. */
  splitByUse(home: number): void {
    let block = home;
    for (;;) {
      const chunks = this.book.chunks[block];
      const border = chunks.findIndex((chunk) => chunk.free !== chunks[0].free);
      const rest = border < 0 ? -1 : this.cut(block, border);
      if (this.book.chunks[block][0].free) this.pools.putFree(block);
      else this.lend(block);
      if (rest < 0) return;
      block = rest;
    }
  }

  /** A primitive block becomes active under a stitched one. */
  lend(block: number): void {
    this.pools.table.allocated[block] = 1;
    this.pools.table.requested[block] = 0;
    this.pools.stats.active += this.pools.table.size[block];
  }

  newSegment(address: number, size: number, stream: number, pool: number): number {
    const block = this.pools.table.create(address, size, stream, pool);
    this.pools.heads.add(block);
    this.pools.stats.segments++;
    this.pools.stats.deviceAllocs++;
    countReserved(this.pools.stats, size);
    return block;
  }

  join(into: number, gone: number): void {
    const { chunks } = this.book;
    if (chunks[gone] === undefined || this.pools.table.pool[gone] !== 1) return;
    chunks[into] = this.pools.table.previous[into] === gone
      ? [...chunks[gone], ...chunks[into]]
      : [...chunks[into], ...chunks[gone]];
    for (const chunk of chunks[gone]) chunk.home = into;
    chunks[gone] = [];
  }

  releaseChunks(block: number): void {
    const t = this.pools.table;
    const chunks = this.book.chunks[block];
    this.pools.takeOut(block);
    this.#device.unmapRange();
    this.#device.unreserve(t.address[block]);
    this.#device.release(chunks.length, CHUNK);
    this.pools.stats.reserved -= t.size[block];
    this.pools.stats.segments--;
    this.pools.stats.deviceFrees++;
    this.pools.heads.delete(block);
    this.book.chunks[block] = [];
    t.release(block);
  }

  /** Besides split blocks, whole segments under an active stitched block cannot be given back. */
  countStranded(): void {
    const t = this.pools.table;
    let held = 0;
    for (const s of this.book.active) {
      const { chunks, used } = this.book;
      const homes = this.homesOf(chunks[s].slice(used[s]).filter((chunk) => chunk.free));
      for (const home of homes) if (t.previous[home] < 0 && t.next[home] < 0) held += t.size[home];
    }
    this.pools.stats.stranded = this.pools.stats.inactiveSplit + held;
  }
}
