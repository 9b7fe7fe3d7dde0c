import { BlockTable } from "./block_table.ts";
import type { Device, DeviceCounters } from "./device.ts";
import { countActive, countReserved, type Heap, type HeapStats, noStats } from "./heap.ts";
import { type SegmentView, viewSegments } from "./segment_view.ts";

const MIN_ALLOCATION = 256;
const BINS = 21;
const MOST_WASTE = 128 * 2 ** 20;
const FIRST_REGION = 2 * 2 ** 20;
const BACK_OFF = Math.fround(0.9);

export interface BfcConf {
  /** Bytes that all regions together may take. */
  readonly limitBytes: number;
  /** Regions start at 2 MiB and double; else one region takes everything at once. */
  readonly allowGrowth: boolean;
}

/**
 * TensorFlow's best-fit allocator with coalescing (tsl/framework/bfc_allocator.cc): regions from the driver,
 * free chunks in 21 bins of powers of two from 256 B, inside a bin by size and address.
 */
export class BfcAllocator implements Heap {
  readonly table = new BlockTable();
  readonly stats: HeapStats = noStats();
  readonly #device: Device;
  readonly #conf: BfcConf;
  readonly #bins: number[][] = Array.from({ length: BINS }, () => []);
  readonly #heads = new Set<number>();
  #nextRegion: number;
  #backedOff = false;

  constructor(device: Device, conf: BfcConf) {
    this.#device = device;
    this.#conf = conf;
    this.#nextRegion = conf.allowGrowth ? Math.min(FIRST_REGION, conf.limitBytes) : conf.limitBytes;
  }

  get calls(): DeviceCounters {
    return this.#device.counters;
  }

  get deviceUsedBytes(): number {
    return this.#device.usedBytes;
  }

  malloc(bytes: number): number {
    const rounded = Math.ceil(bytes / MIN_ALLOCATION) * MIN_ALLOCATION;
    let block = this.#find(rounded);
    if (block < 0 && this.#extend(rounded)) block = this.#find(rounded);
    if (block < 0) {
      this.stats.ooms++;
      return -1;
    }
    const t = this.table;
    const size = t.size[block];
    if (size >= 2 * rounded || size - rounded >= MOST_WASTE) {
      this.#put(t.cut(block, t.address[block] + rounded));
    }
    t.allocated[block] = 1;
    t.requested[block] = bytes;
    countActive(this.stats, t.size[block], bytes);
    return block;
  }

  free(block: number): void {
    const t = this.table;
    const s = this.stats;
    t.allocated[block] = 0;
    s.allocated -= t.size[block];
    s.active -= t.size[block];
    s.requested -= t.requested[block];
    const next = t.next[block];
    if (next >= 0 && t.allocated[next] === 0) {
      this.#take(next);
      t.absorbNext(block);
    }
    const previous = t.previous[block];
    if (previous >= 0 && t.allocated[previous] === 0) {
      this.#take(previous);
      if (this.#heads.delete(previous)) this.#heads.add(block);
      t.absorbPrevious(block);
    }
    this.#put(block);
  }

  // One stream: TensorFlow orders other uses itself, and never gives regions back.
  recordStream(): void {}
  streamDone(): void {}
  emptyCache(): void {}
  setFraction(): void {}

  addressOf(block: number): number {
    return this.table.address[block];
  }

  sizeOf(block: number): number {
    return this.table.size[block];
  }

  largestFree(): number {
    let largest = 0;
    for (const bin of this.#bins) {
      for (const b of bin) if (this.table.size[b] > largest) largest = this.table.size[b];
    }
    return largest;
  }

  details(): Readonly<Record<string, number>> {
    const free = this.stats.reserved - this.stats.active;
    const largest = this.largestFree();
    return {
      total: this.stats.reserved,
      inUse: this.stats.active,
      largest,
      frag: free === 0 ? 0 : (free - largest) / free,
    };
  }

  segments(): SegmentView[] {
    return viewSegments(this.table, this.#heads);
  }

  /** The smallest free chunk that fits, from the bin of the size upwards; it leaves its bin. */
  #find(size: number): number {
    for (let bin = binOf(size); bin < BINS; bin++) {
      const at = this.#bins[bin].findIndex((b) => this.table.size[b] >= size);
      if (at < 0) continue;
      const block = this.#bins[bin][at];
      this.#take(block);
      return block;
    }
    return -1;
  }

  /** Asks the driver for a region; one that is refused is asked for again in smaller steps. */
  #extend(size: number): boolean {
    const left = Math.floor((this.#conf.limitBytes - this.stats.reserved) / MIN_ALLOCATION) *
      MIN_ALLOCATION;
    if (size > left) return false;
    let increased = false;
    while (size > this.#nextRegion) {
      this.#nextRegion *= 2;
      increased = true;
    }
    let bytes = Math.min(this.#nextRegion, left);
    let address = this.#device.malloc(bytes);
    // The original backs off only once in its life.
    const mayBackOff = !this.#backedOff;
    if (address < 0) this.#backedOff = true;
    while (address < 0 && mayBackOff) {
      // It multiplies in single precision and rounds up.
      const less = Math.floor(Math.fround(Math.fround(bytes) * BACK_OFF));
      bytes = Math.ceil(less / MIN_ALLOCATION) * MIN_ALLOCATION;
      if (bytes < size) return false;
      address = this.#device.malloc(bytes);
    }
    if (address < 0) return false;
    if (!increased) this.#nextRegion *= 2;
    this.stats.segments++;
    this.stats.deviceAllocs++;
    countReserved(this.stats, bytes);
    const region = this.table.create(address, bytes, 0, 1);
    this.#heads.add(region);
    this.#put(region);
    return true;
  }

  #put(block: number): void {
    const t = this.table;
    const bin = this.#bins[binOf(t.size[block])];
    let low = 0;
    let high = bin.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const b = bin[middle];
      const before = t.size[b] < t.size[block] ||
        (t.size[b] === t.size[block] && t.address[b] < t.address[block]);
      if (before) low = middle + 1;
      else high = middle;
    }
    bin.splice(low, 0, block);
    this.#count(block, 1);
  }

  #take(block: number): void {
    const bin = this.#bins[binOf(this.table.size[block])];
    bin.splice(bin.indexOf(block), 1);
    this.#count(block, -1);
  }

  /** Regions are never given back: all that is free in them is stranded. */
  #count(block: number, sign: 1 | -1): void {
    const t = this.table;
    this.stats.stranded += sign * t.size[block];
    if (t.previous[block] < 0 && t.next[block] < 0) return;
    this.stats.inactiveSplit += sign * t.size[block];
    this.stats.inactiveSplitCount += sign;
  }
}

function binOf(size: number): number {
  return Math.min(BINS - 1, Math.floor(Math.log2(Math.max(size, MIN_ALLOCATION) / MIN_ALLOCATION)));
}
