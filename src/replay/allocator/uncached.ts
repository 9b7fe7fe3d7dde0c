import type { Device, DeviceCounters } from "./device.ts";
import { countActive, countReserved, type Heap, type HeapStats, noStats } from "./heap.ts";
import type { SegmentView } from "./segment_view.ts";

const GRANULARITY = 2 * 2 ** 20;

interface Live {
  readonly address: number;
  readonly size: number;
  readonly requested: number;
  readonly stream: number;
}

/**
 * No cache: the driver is asked for every allocation, in its granularity of 2 MiB, and given everything back
 * at once. cudaFree waits for all work, so that other streams' uses are over when it returns.
 */
export class UncachedAllocator implements Heap {
  readonly stats: HeapStats = noStats();
  readonly #device: Device;
  readonly #live: (Live | null)[] = [];
  readonly #spare: number[] = [];
  #limit = Infinity;

  constructor(device: Device) {
    this.#device = device;
  }

  get calls(): DeviceCounters {
    return this.#device.counters;
  }

  get deviceUsedBytes(): number {
    return this.#device.usedBytes;
  }

  malloc(bytes: number, stream: number): number {
    const size = Math.ceil(bytes / GRANULARITY) * GRANULARITY;
    const address = this.stats.reserved + size > this.#limit ? -1 : this.#device.malloc(bytes);
    if (address < 0) {
      this.stats.ooms++;
      return -1;
    }
    const block = this.#spare.pop() ?? this.#live.length;
    this.#live[block] = { address, size, requested: bytes, stream };
    this.stats.segments++;
    this.stats.deviceAllocs++;
    countReserved(this.stats, size);
    countActive(this.stats, size, bytes);
    return block;
  }

  free(block: number): void {
    const { address, size, requested } = this.#live[block]!;
    this.#device.free(address);
    this.#live[block] = null;
    this.#spare.push(block);
    const s = this.stats;
    s.segments--;
    s.deviceFrees++;
    s.reserved -= size;
    s.allocated -= size;
    s.active -= size;
    s.requested -= requested;
  }

  recordStream(): void {}

  streamDone(): void {}

  emptyCache(): void {}

  setFraction(fraction: number): void {
    this.#limit = Math.floor(fraction * this.#device.capacityBytes);
  }

  addressOf(block: number): number {
    return this.#live[block]!.address;
  }

  sizeOf(block: number): number {
    return this.#live[block]!.size;
  }

  largestFree(): number {
    return 0;
  }

  segments(): SegmentView[] {
    return this.#live.filter((live) => live !== null).map((live) => ({
      address: live.address,
      totalSize: live.size,
      stream: live.stream,
      large: true,
      pool: 0,
      expandable: false,
      blocks: [{
        address: live.address,
        size: live.size,
        requestedSize: live.requested,
        state: "active_allocated" as const,
      }],
    })).sort((a, b) => a.address - b.address);
  }
}
