/** What a row of an allocation trace is. The numbers are the `op` column. */
export const ALLOCATION_OPS = [
  "alloc",
  "free",
  "record_stream",
  "stream_done",
  "empty_cache",
  "set_fraction",
  "free_completed",
  "segment_alloc",
  "segment_free",
  "segment_map",
  "segment_unmap",
  "snapshot",
  "oom",
] as const;

export type AllocationOp = (typeof ALLOCATION_OPS)[number];

/**
 * A batch of GPU-memory allocator events of one device, one column an attribute, in the order they
 * happened. Sizes are the REQUESTED bytes for `alloc` and `free`, segment bytes for `segment_*`, the
 * rounded request for `oom`.
 */
export interface AllocationColumns {
  readonly kind: "allocations";
  readonly count: number;
  /** Index into {@link ALLOCATION_OPS}. */
  readonly op: Uint8Array;
  /** Dense id of the allocation the row is about; -1 where it is about none. It may be used again once freed. */
  readonly id: Int32Array;
  /** Bytes; for `set_fraction` the fraction itself. */
  readonly size: Float64Array | Uint32Array;
  /** Address in the recorded run; NaN where the trace has none. Addresses are below 2^53. */
  readonly address: Float64Array;
  /** Dense stream number. */
  readonly stream: Int32Array;
  /** GPU index. */
  readonly device: Int32Array;
  /** Integer nanoseconds from the start of the trace; NaN where the trace has none. */
  readonly timeNs: Float64Array;
  /** Number of the private pool (CUDA graphs) of an allocation, 0 for the default; absent means all 0. */
  readonly pool?: Int32Array;
  /** Index into the meta's `sites` of who allocated, -1 unknown; absent where the trace does not say. */
  readonly site?: Int32Array;
}

export interface SnapshotBlock {
  readonly address: number;
  readonly size: number;
  readonly requestedSize: number;
  readonly state: "active_allocated" | "active_pending_free" | "inactive";
}

/** A segment of the allocator at the end of the recording. */
export interface SnapshotSegment {
  readonly device: number;
  readonly address: number;
  readonly totalSize: number;
  readonly stream: number;
  readonly segmentType: "large" | "small";
  readonly poolId: readonly [number, number];
  readonly isExpandable: boolean;
  readonly blocks: readonly SnapshotBlock[];
}

/** Numbers of the private pools of a snapshot by `a,b` of their id, from 1 on; the default pool is not in it. */
export function privatePools(segments: readonly SnapshotSegment[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const { poolId } of segments) {
    const key = poolId.join();
    if (key !== "0,0" && !numbers.has(key)) numbers.set(key, numbers.size + 1);
  }
  return numbers;
}

/** What an allocation trace says about itself. */
export interface AllocationTraceMeta {
  /** `requested`: sizes are what the program asked for; `rounded`: block sizes (Kineto). */
  readonly sizeMeaning: "requested" | "rounded";
  /** Whether the event ring overflowed, or why there is no usable trace. */
  readonly overflowed: boolean;
  readonly allocatorSettings: Readonly<Record<string, unknown>> | null;
  readonly segments: readonly SnapshotSegment[] | null;
  /** How many first rows of each device are blocks that were live before the recording; absent means none. */
  readonly liveBefore?: readonly { readonly device: number; readonly count: number }[];
  /** Bytes of each device that were there before the first event and are of no row: nothing frees them. */
  readonly heldBefore?: readonly { readonly device: number; readonly bytes: number }[];
  /** Names of the dense streams, as recorded. */
  readonly streams: readonly string[];
  /** Names of what allocated: a place in the program, or a category. */
  readonly sites?: readonly string[];
}
