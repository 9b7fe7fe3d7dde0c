import type { BlockTable } from "./block_table.ts";
import type { ChunkDevice } from "./device.ts";
import { FreePool } from "./free_pool.ts";

/** Physical memory of 2 MiB: one primitive block is its home, any number of stitched blocks map it too. */
export interface Chunk {
  free: boolean;
  home: number;
  stitched: number[];
}

/**
 * Which block maps which chunks (GMLake, ASPLOS 24, section 4). A stitched block is *free* when all of its
 * chunks are, *active* while the program holds it, else *fragmented*: cached, but some chunk is in use.
 */
export class StitchBook {
  readonly #table: BlockTable;
  readonly #device: ChunkDevice;
  /** Chunks of a block in order, by block; primitive and stitched. */
  readonly chunks: Chunk[][] = [];
  /** How many of its first chunks the program uses, and how many are free, by block. */
  readonly used: number[] = [];
  readonly freeCount: number[] = [];
  /** Free stitched blocks by (stream, size, address). */
  readonly ready: FreePool;
  readonly #ready = new Set<number>();
  readonly active = new Set<number>();
  readonly #fragmented = new Set<number>();
  /** Address space of all stitched blocks that were made, less what was collected. */
  stitchedBytes = 0;

  constructor(table: BlockTable, device: ChunkDevice) {
    this.#table = table;
    this.#device = device;
    this.ready = new FreePool(table);
  }

  isStitched(block: number): boolean {
    return this.active.has(block) || this.#ready.has(block) || this.#fragmented.has(block);
  }

  /** A chunk comes into use: stitched blocks over it can no longer be had at once. */
  take(chunk: Chunk, by: number): void {
    chunk.free = false;
    for (const s of chunk.stitched) {
      if (s === by) continue;
      if (this.#ready.delete(s)) this.ready.remove(s);
      if (!this.active.has(s)) this.#fragmented.add(s);
      this.freeCount[s]--;
    }
  }

  /** A chunk is free again. */
  give(chunk: Chunk, by: number): void {
    chunk.free = true;
    for (const s of chunk.stitched) {
      if (s === by) continue;
      this.freeCount[s]++;
      if (this.freeCount[s] === this.chunks[s].length && this.#fragmented.delete(s)) this.#rest(s);
    }
  }

  /** The smallest free stitched block of a stream that holds `size` bytes; -1 when there is none. */
  findReady(stream: number, size: number, reuseLimit: number): number {
    const found = this.ready.lowerBound(stream, size);
    const fits = found >= 0 && this.#table.stream[found] === stream &&
      this.#table.size[found] <= size * reuseLimit;
    return fits ? found : -1;
  }

  /** The program takes the first `count` chunks of a stitched block. */
  activate(s: number, count: number): void {
    if (this.#ready.delete(s)) this.ready.remove(s);
    this.active.add(s);
    this.used[s] = count;
    this.freeCount[s] = this.chunks[s].length - count;
  }

  /** The program gives a stitched block back; its used chunks were freed before. */
  deactivate(s: number): void {
    this.active.delete(s);
    this.used[s] = 0;
    if (this.freeCount[s] === this.chunks[s].length) this.#rest(s);
    else this.#fragmented.add(s);
  }

  #rest(s: number): void {
    this.#ready.add(s);
    this.ready.insert(s);
  }

  /** Maps chunks under a new address. */
  stitch(chunks: readonly Chunk[], stream: number, chunkBytes: number): number {
    const size = chunks.length * chunkBytes;
    const s = this.#table.create(this.#device.reserve(size), size, stream, 1);
    this.#device.mapEach(chunks.length);
    for (const chunk of chunks) chunk.stitched.push(s);
    this.chunks[s] = [...chunks];
    this.stitchedBytes += size;
    this.activate(s, chunks.length);
    return s;
  }

  /** Gives the address space of an idle stitched block back. */
  drop(s: number): void {
    if (this.#ready.delete(s)) this.ready.remove(s);
    this.#fragmented.delete(s);
    for (const chunk of this.chunks[s]) chunk.stitched.splice(chunk.stitched.indexOf(s), 1);
    this.chunks[s] = [];
    this.#device.unmapRange();
    this.#device.unreserve(this.#table.address[s]);
    this.#table.release(s);
  }

  /** Drops every idle stitched block. */
  collect(): void {
    for (const s of [...this.#fragmented, ...this.#ready]) {
      this.stitchedBytes -= this.#table.size[s];
      this.drop(s);
    }
  }

  /** Whether a stitched block that the program holds maps a chunk, used or not. */
  heldByActive(block: number): boolean {
    return this.chunks[block].some((chunk) => chunk.stitched.some((s) => this.active.has(s)));
  }

  /** Idle stitched blocks over a primitive block. */
  idleOver(block: number): Set<number> {
    return new Set(this.chunks[block].flatMap((chunk) => chunk.stitched));
  }
}
