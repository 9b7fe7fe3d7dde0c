import type { Json } from "../../model/json.ts";
import { ALLOCATION_OPS } from "../../model/trace/allocations.ts";
import { CALL_NAMES } from "./call_costs.ts";
import type { DeviceCounters } from "./device.ts";
import type { Heap } from "./heap.ts";
import type { HeapMoment } from "./heap_replay.ts";
import { OP } from "./op_list.ts";
import type { SegmentView } from "./segment_view.ts";

/** Counters of a heap by the names that PyTorch's statistics and CUDA's calls have. */
export function countersOf(heap: Heap): Record<string, number> {
  const s = heap.stats;
  const counters: Record<string, number> = {
    allocated: s.allocated,
    reserved: s.reserved,
    active: s.active,
    requested: s.requested,
    internal: s.active - s.requested,
    external: s.reserved - s.active,
    stranded: s.stranded,
    inactive_split: s.inactiveSplit,
    inactive_split_count: s.inactiveSplitCount,
    segments: s.segments,
    peak_allocated: s.peakAllocated,
    peak_reserved: s.peakReserved,
    peak_requested: s.peakRequested,
    num_alloc_retries: s.retries,
    num_ooms: s.ooms,
    num_device_alloc: s.deviceAllocs,
    num_device_free: s.deviceFrees,
    num_sync_all_streams: s.syncs,
    device_used: heap.deviceUsedBytes,
  };
  for (const [kind, name] of Object.entries(CALL_NAMES)) {
    counters[name] = heap.calls[kind as keyof DeviceCounters];
  }
  return counters;
}

/** Segments in the form of a memory snapshot; streams by their recorded names. */
export function snapshotSegments(
  segments: readonly SegmentView[],
  streams: readonly string[],
): Json {
  return segments.map((segment) => {
    const sum = (states: readonly string[], of: "size" | "requestedSize") =>
      segment.blocks.filter((b) => states.includes(b.state)).reduce((n, b) => n + b[of], 0);
    const active = ["active_allocated", "active_pending_free"];
    return {
      address: segment.address,
      total_size: segment.totalSize,
      allocated_size: sum(["active_allocated"], "size"),
      active_size: sum(active, "size"),
      requested_size: sum(active, "requestedSize"),
      stream: streamName(streams, segment.stream),
      segment_type: segment.large ? "large" : "small",
      segment_pool: segment.pool,
      is_expandable: segment.expandable,
      blocks: segment.blocks.map((b) => ({
        address: b.address,
        size: b.size,
        requested_size: b.requestedSize,
        state: b.state,
      })),
    };
  });
}

function streamName(streams: readonly string[], stream: number): number | string {
  const name = streams[stream] ?? String(stream);
  return /^\d{1,15}$/.test(name) ? Number(name) : name;
}

/**
 * One line an operation: what was asked, where it came to lie (`address`, and `addr` as snapshots call it),
 * and every counter after it.
 */
export function heapLine(
  heap: Heap,
  { index, batch, row, block }: HeapMoment,
  streams: readonly string[],
): Record<string, Json> {
  const op = batch.op[row];
  const line: Record<string, Json> = { index, op: ALLOCATION_OPS[op] };
  if (batch.id[row] >= 0) line.id = batch.id[row];
  if (op === OP.alloc) {
    line.bytes = batch.size[row];
    line.size = batch.size[row];
    if (block !== undefined && block < 0) line.oom = true;
    else {
      const address = block === undefined ? null : heap.addressOf(block);
      line.address = address;
      line.addr = address;
      if (block !== undefined) {
        line.block = heap.sizeOf(block);
        Object.assign(line, heap.describe?.(block));
      }
    }
  }
  if (op === OP.set_fraction) line.fraction = batch.size[row];
  if (op === OP.stream_done || op === OP.record_stream || op === OP.alloc) {
    line.stream = streamName(streams, batch.stream[row]);
  }
  if (op === OP.snapshot) line.segs = snapshotSegments(heap.segments(), streams);
  return Object.assign(line, countersOf(heap), heap.details?.());
}
