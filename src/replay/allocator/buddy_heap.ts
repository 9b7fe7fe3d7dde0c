import { Buddy } from "./buddy.ts";
import { type DeviceCounters, noCalls } from "./device.ts";
import { countActive, type Heap, type HeapStats, noStats } from "./heap.ts";
import type { SegmentView } from "./segment_view.ts";

interface Live {
  readonly address: number;
  readonly chunk: number;
  readonly requested: number;
  readonly stream: number;
}

/**
 * One pool that is cut into halves (Knowlton 1965), taken from the driver once. Reserved is the power of two
 * that reaches to the highest chunk ever given out: the pool that would have been enough so far.
 */
export class BuddyHeap implements Heap {
  readonly stats: HeapStats = noStats();
  readonly calls: DeviceCounters = { ...noCalls(), malloc: 1 };
  readonly #buddy: Buddy;
  readonly #live: (Live | null)[] = [];
  readonly #spare: number[] = [];
  readonly #poolBytes: number;

  constructor(poolBytes: number, minChunkBytes: number) {
    this.#poolBytes = poolBytes;
    this.#buddy = new Buddy(poolBytes, minChunkBytes);
  }

  get deviceUsedBytes(): number {
    return this.stats.reserved;
  }

  malloc(bytes: number, stream: number): number {
    const chunk = this.#buddy.chunkFor(bytes);
    const address = chunk > this.#poolBytes ? -1 : this.#buddy.allocate(bytes);
    const s = this.stats;
    if (address < 0) {
      s.ooms++;
      return -1;
    }
    const block = this.#spare.pop() ?? this.#live.length;
    this.#live[block] = { address, chunk, requested: bytes, stream };
    while (s.reserved < address + chunk) s.reserved = s.reserved === 0 ? chunk : 2 * s.reserved;
    s.peakReserved = s.reserved;
    s.segments = 1;
    countActive(s, chunk, bytes);
    s.stranded = s.reserved - s.active;
    return block;
  }

  free(block: number): void {
    const { address, chunk, requested } = this.#live[block]!;
    this.#buddy.free(address);
    this.#live[block] = null;
    this.#spare.push(block);
    const s = this.stats;
    s.allocated -= chunk;
    s.active -= chunk;
    s.requested -= requested;
    s.stranded = s.reserved - s.active;
  }

  recordStream(): void {}
  streamDone(): void {}
  emptyCache(): void {}
  setFraction(): void {}

  addressOf(block: number): number {
    return this.#live[block]!.address;
  }

  sizeOf(block: number): number {
    return this.#live[block]!.chunk;
  }

  largestFree(): number {
    return Math.min(this.#buddy.largestFree, this.stats.reserved);
  }

  details(): Readonly<Record<string, number>> {
    return {
      used: this.#buddy.usedUnits,
      largest: this.#buddy.largestFree,
      splits: this.#buddy.splits,
      merges: this.#buddy.merges,
    };
  }

  segments(): SegmentView[] {
    const live = this.#live.filter((l) => l !== null).sort((a, b) => a.address - b.address);
    const blocks: SegmentView["blocks"][number][] = [];
    let at = 0;
    const free = (until: number) => {
      if (until > at) {
        blocks.push({ address: at, size: until - at, requestedSize: 0, state: "inactive" });
      }
    };
    for (const l of live) {
      free(l.address);
      const { address, chunk, requested } = l;
      blocks.push({ address, size: chunk, requestedSize: requested, state: "active_allocated" });
      at = address + chunk;
    }
    free(this.stats.reserved);
    return blocks.length === 0 ? [] : [{
      address: 0,
      totalSize: this.stats.reserved,
      stream: 0,
      large: true,
      pool: 0,
      expandable: false,
      blocks,
    }];
  }
}
