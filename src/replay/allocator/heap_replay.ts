import type { AllocationColumns } from "../../model/trace/allocations.ts";
import type { Heap } from "./heap.ts";
import { OP, type OpList } from "./op_list.ts";

/** Where a replay stands: the operation that was just done. */
export interface HeapMoment {
  /** Number of the operation within its device, 0 first. */
  readonly index: number;
  readonly batch: AllocationColumns;
  readonly row: number;
  /** Block that an allocation got, -1 when out of memory; undefined for other operations. */
  readonly block?: number;
}

export interface HeapReplayOptions {
  /** Ends at the first allocation that fails; enough for a search. */
  readonly stopAtOom?: boolean;
  /** Ends before this operation. */
  readonly until?: number;
  /** Called after every operation, also after those that change nothing. */
  readonly observe?: (heap: Heap, moment: HeapMoment) => void;
}

/**
 * Replays logical operations (what the program asked for) against a heap. Recorded segment events are not
 * followed: they are what the policy decides.
 *
 * @returns the block of each allocation id that is live at the end, -1 for the others.
 */
export function replayHeap(ops: OpList, heap: Heap, options: HeapReplayOptions = {}): Int32Array {
  const blockOf = new Int32Array(ops.ids).fill(-1);
  const { stopAtOom = false, until = Infinity, observe } = options;
  let index = 0;
  for (const batch of ops.batches) {
    const { op, id: ids, size, stream, pool, count } = batch;
    for (let row = 0; row < count; row++, index++) {
      if (index >= until) return blockOf;
      const id = ids[row];
      let block: number | undefined;
      switch (op[row]) {
        case OP.alloc:
          // A request of 0 bytes is no allocation: it has no block and makes no call.
          if (size[row] === 0) break;
          block = heap.malloc(size[row], stream[row], pool === undefined ? 0 : pool[row]);
          blockOf[id] = block;
          if (block < 0 && stopAtOom) return blockOf;
          break;
        case OP.free:
          // What could not be allocated, or was live before the trace, is not there to be freed.
          if (id >= 0 && blockOf[id] >= 0) heap.free(blockOf[id]);
          if (id >= 0) blockOf[id] = -1;
          break;
        case OP.record_stream:
          if (id >= 0 && blockOf[id] >= 0) heap.recordStream(blockOf[id], stream[row]);
          break;
        case OP.stream_done:
          heap.streamDone(stream[row]);
          break;
        case OP.empty_cache:
          heap.emptyCache();
          break;
        case OP.set_fraction:
          heap.setFraction(size[row]);
          break;
      }
      observe?.(heap, { index, batch, row, block });
    }
  }
  return blockOf;
}
