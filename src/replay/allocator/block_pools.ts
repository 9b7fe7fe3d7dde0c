import type { AllocConf } from "./alloc_conf.ts";
import { BlockTable } from "./block_table.ts";
import type { Device } from "./device.ts";
import { ExpandableRanges } from "./expandable_ranges.ts";
import { FreePool } from "./free_pool.ts";
import { countReserved, type HeapStats, noStats } from "./heap.ts";

/**
 * The memory of a caching allocator: segments as lists of blocks, and the free blocks of every pool. Pool
 * `2n` holds the small blocks of instance n, `2n + 1` its large ones; instance 0 is the default, the others
 * are private pools (CUDA graphs).
 */
export class BlockPools {
  readonly table = new BlockTable();
  readonly stats: HeapStats = noStats();
  readonly device: Device;
  readonly ranges: ExpandableRanges;
  /** First block of every segment and range. */
  readonly heads = new Set<number>();
  readonly #pools: FreePool[] = [];
  readonly #absorbed: ((into: number, gone: number) => void) | undefined;

  /** @param absorbed Called before a block takes a neighbour in. */
  constructor(device: Device, conf: AllocConf, absorbed?: (into: number, gone: number) => void) {
    this.#absorbed = absorbed;
    this.device = device;
    this.ranges = new ExpandableRanges(device, this.table, conf);
  }

  pool(number: number): FreePool {
    while (this.#pools.length <= number) this.#pools.push(new FreePool(this.table));
    return this.#pools[number];
  }

  /** All pools that exist. */
  get all(): readonly FreePool[] {
    return this.#pools;
  }

  isFree(block: number): boolean {
    return this.table.allocated[block] === 0 && this.table.pending[block] === 0;
  }

  putFree(block: number): void {
    const pool = this.pool(this.table.pool[block]);
    this.table.gcBase[block] = pool.calls;
    pool.insert(block);
    this.#count(block, 1);
  }

  takeOut(block: number): void {
    this.#count(block, -1);
    this.pool(this.table.pool[block]).remove(block);
  }

  /** A block whose free is complete: it leaves the active bytes, merges with free neighbours and is pooled. */
  freeBlock(block: number): void {
    const t = this.table;
    this.stats.active -= t.size[block];
    this.stats.requested -= t.requested[block];
    this.mergeNeighbours(block);
    this.putFree(block);
  }

  /** Merges with free neighbours of the same kind; the block keeps its number. */
  mergeNeighbours(block: number): void {
    const t = this.table;
    const previous = t.previous[block];
    if (previous >= 0 && this.#joins(block, previous)) {
      if (t.previous[previous] < 0) {
        this.heads.delete(previous);
        this.heads.add(block);
      }
      this.#absorbed?.(block, previous);
      t.absorbPrevious(block);
    }
    const next = t.next[block];
    if (next >= 0 && this.#joins(block, next)) {
      this.#absorbed?.(block, next);
      t.absorbNext(block);
    }
  }

  /** Gives a segment that is one free block back to the driver. */
  releaseBlock(block: number): void {
    const t = this.table;
    this.takeOut(block);
    this.device.free(t.address[block]);
    this.stats.reserved -= t.size[block];
    this.stats.segments--;
    this.stats.deviceFrees++;
    this.heads.delete(block);
    t.release(block);
  }

  /** Maps the first bytes of an unmapped block and pools them; false when the device is full. */
  map(block: number, size: number): boolean {
    const mapped = this.ranges.map(block, size);
    if (mapped === 0) return false;
    this.mergeNeighbours(block);
    this.putFree(block);
    this.stats.deviceAllocs++;
    countReserved(this.stats, mapped);
    return true;
  }

  /** Unmaps the whole handles inside a free block; what is left on both sides stays free and mapped. */
  unmap(block: number): void {
    const t = this.table;
    const inside = this.ranges.wholeHandles(block);
    if (inside === null) return;
    this.takeOut(block);
    let middle = block;
    if (inside.address > t.address[block]) {
      middle = t.cut(block, inside.address);
      this.putFree(block);
    }
    const end = inside.address + inside.size;
    const after = end < t.address[middle] + t.size[middle] ? t.cut(middle, end) : -1;
    if (after >= 0) this.putFree(after);
    this.ranges.unmap(middle);
    this.mergeNeighbours(middle);
    this.ranges.keep(middle);
    this.stats.reserved -= inside.size;
    this.stats.deviceFrees++;
    if (t.previous[middle] < 0 && t.next[middle] < 0) {
      this.heads.delete(middle);
      this.ranges.close(middle);
      t.release(middle);
    }
  }

  /** Whether a neighbour can be merged; if so it leaves the set it waits in. */
  #joins(block: number, neighbour: number): boolean {
    const t = this.table;
    if (!this.isFree(neighbour) || t.mapped[block] !== t.mapped[neighbour]) return false;
    if (t.mapped[neighbour]) this.takeOut(neighbour);
    else this.ranges.forget(neighbour);
    return true;
  }

  /** Free blocks that have a neighbour are the inactive split bytes; those that cannot go back are stranded. */
  #count(block: number, sign: 1 | -1): void {
    const t = this.table;
    const s = this.stats;
    const split = t.previous[block] >= 0 || t.next[block] >= 0;
    if (t.range[block] < 0) {
      if (split) {
        s.inactiveSplit += sign * t.size[block];
        s.inactiveSplitCount += sign;
      }
      if (split || t.pool[block] > 1) s.stranded += sign * t.size[block];
    } else {
      const whole = t.pool[block] > 1 ? null : this.ranges.wholeHandles(block);
      s.stranded += sign * (t.size[block] - (whole?.size ?? 0));
    }
  }
}
