import type { DeviceCounters } from "./device.ts";
import type { SegmentView } from "./segment_view.ts";

/** Counters of an allocator, as PyTorch's memory statistics define them. Bytes. */
export interface HeapStats {
  /** Sum of the blocks that the program holds. */
  allocated: number;
  /** Held from the driver. */
  reserved: number;
  /** Allocated, and blocks whose free waits for a stream. */
  active: number;
  /** What the program asked for, of the active blocks. */
  requested: number;
  inactiveSplit: number;
  inactiveSplitCount: number;
  segments: number;
  /** Free bytes that cannot be given back: they share a segment (or a page) with active ones. */
  stranded: number;
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

export function noStats(): HeapStats {
  return {
    allocated: 0,
    reserved: 0,
    active: 0,
    requested: 0,
    inactiveSplit: 0,
    inactiveSplitCount: 0,
    segments: 0,
    stranded: 0,
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
}

/** A block becomes active. */
export function countActive(s: HeapStats, size: number, requested: number): void {
  s.allocated += size;
  s.active += size;
  s.requested += requested;
  if (s.allocated > s.peakAllocated) s.peakAllocated = s.allocated;
  if (s.active > s.peakActive) s.peakActive = s.active;
  if (s.requested > s.peakRequested) s.peakRequested = s.requested;
}

/** Memory comes from the driver. */
export function countReserved(s: HeapStats, bytes: number): void {
  s.reserved += bytes;
  if (s.reserved > s.peakReserved) s.peakReserved = s.reserved;
}

/**
 * A GPU-memory allocator that operations are replayed against. A block is the number that `malloc` returns.
 * At every moment requested + internal + external = reserved, where internal = active - requested and
 * external = reserved - active.
 */
export interface Heap {
  readonly stats: HeapStats;
  /** Calls to the driver by kind. */
  readonly calls: DeviceCounters;
  /** Memory of the device that is in use. */
  readonly deviceUsedBytes: number;
  /**
   * Allocates; -1 when out of memory. A request of 0 bytes is no allocation and must not come here.
   *
   * @param pool 0, or the number of a private pool (CUDA graphs), which is an instance of its own.
   */
  malloc(bytes: number, stream: number, pool: number): number;
  free(block: number): void;
  /** Another stream uses the block, so that its free must wait for that stream. */
  recordStream(block: number, stream: number): void;
  /** All work given to a stream so far is done. */
  streamDone(stream: number): void;
  emptyCache(): void;
  /** Limits what may be reserved to a share of the device. */
  setFraction(fraction: number): void;
  addressOf(block: number): number;
  sizeOf(block: number): number;
  /** Size of the largest free block in the cache. */
  largestFree(): number;
  /** Every segment with its blocks, by address. */
  segments(): SegmentView[];
  /** What only this allocator says of a block, for the line of an operation. */
  describe?(block: number): Readonly<Record<string, number | boolean>>;
  /** Counters that only this allocator has, for the line of an operation. */
  details?(): Readonly<Record<string, number>>;
}
