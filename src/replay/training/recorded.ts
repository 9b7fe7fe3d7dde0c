import type { Replay, ReplayOutcome } from "../../model/policy.ts";
import { dataError } from "../../model/errors.ts";
import type { AllocationColumns, AllocationTraceMeta } from "../../model/trace/allocations.ts";
import type { TensorColumns, TensorTraceMeta } from "../../model/trace/tensors.ts";
import { allocationLifetimes, type Lifetime } from "./allocation_lifetimes.ts";

/** Kinds of trace that tell when memory was taken and given back. */
export type RecordedKind = "tensors" | "allocations";
export type RecordedColumns = TensorColumns | AllocationColumns;

/** The tensors of a trace, all batches in one, in order of their start. Times are seconds. */
export interface Tensors {
  readonly count: number;
  readonly bytes: Float64Array;
  readonly start: Float64Array;
  /** Infinity when a tensor outlives the trace. */
  readonly end: Float64Array;
  /** End of the trace. */
  readonly seconds: number;
}

function tensorRows(batches: readonly TensorColumns[], meta: TensorTraceMeta) {
  const rows: Lifetime[] = [];
  let last = 0;
  for (const b of batches) {
    for (let i = 0; i < b.count; i++) {
      const end = Number.isNaN(b.endNs[i]) ? Infinity : b.endNs[i] / 1e9;
      rows.push({
        bytes: b.sizeBytes[i],
        start: b.startNs[i] / 1e9,
        end,
      });
      last = Math.max(last, b.startNs[i] / 1e9, Number.isFinite(end) ? end : 0);
    }
  }
  return { rows, seconds: meta.spanNs === undefined ? last : meta.spanNs / 1e9 };
}

/**
 * Collects batches of a recorded timeline.
 *
 * @throws data error for allocations without times: their order alone says nothing of what a swap hides behind.
 */
export function gatherTensors(
  batches: readonly RecordedColumns[],
  meta: TensorTraceMeta | AllocationTraceMeta,
): Tensors {
  const found = batches.every((b) => b.kind === "tensors")
    ? tensorRows(batches, meta as TensorTraceMeta)
    : allocationLifetimes(
      batches.filter((b) => b.kind === "allocations"),
      (meta as AllocationTraceMeta).heldBefore,
    );
  if (found === null) {
    throw dataError(
      "the allocation trace has no times, so nothing can be planned on it",
      "record with a PyTorch of 2.1 on, whose snapshots have times, or take a profiler trace",
    );
  }
  const { rows, seconds } = found;
  rows.sort((a, b) => a.start - b.start);
  return {
    count: rows.length,
    bytes: Float64Array.from(rows, (r) => r.bytes),
    start: Float64Array.from(rows, (r) => r.start),
    end: Float64Array.from(rows, (r) => r.end),
    seconds,
  };
}

/** Live bytes over time, as steps: `bytes[i]` from `at[i]` to `at[i+1]`. */
export interface LiveBytes {
  readonly at: Float64Array;
  readonly bytes: Float64Array;
  readonly peakBytes: number;
  readonly peakSeconds: number;
}

/**
 * Live bytes of tensors minus `away`, ranges in which some bytes are not in memory. What ends at a time is gone
 * before what starts at it.
 */
export function liveBytes(
  tensors: Tensors,
  away: readonly { readonly from: number; readonly to: number; readonly bytes: number }[] = [],
): LiveBytes {
  const changes: { at: number; delta: number }[] = [];
  for (let i = 0; i < tensors.count; i++) {
    changes.push({ at: tensors.start[i], delta: tensors.bytes[i] });
    if (Number.isFinite(tensors.end[i])) {
      changes.push({ at: tensors.end[i], delta: -tensors.bytes[i] });
    }
  }
  for (const gap of away) {
    if (gap.to <= gap.from) continue;
    changes.push({ at: gap.from, delta: -gap.bytes }, { at: gap.to, delta: gap.bytes });
  }
  changes.sort((a, b) => a.at - b.at || a.delta - b.delta);
  const at: number[] = [];
  const bytes: number[] = [];
  let now = 0;
  let peakBytes = 0;
  let peakSeconds = 0;
  changes.forEach((change, i) => {
    now += change.delta;
    if (changes[i + 1]?.at === change.at) return;
    at.push(change.at);
    bytes.push(now);
    if (now > peakBytes) [peakBytes, peakSeconds] = [now, change.at];
  });
  return { at: Float64Array.from(at), bytes: Float64Array.from(bytes), peakBytes, peakSeconds };
}

/** A replay that plans once all tensors are known. */
export function tensorReplay(
  meta: TensorTraceMeta | AllocationTraceMeta,
  plan: (tensors: Tensors) => ReplayOutcome,
): Replay<RecordedKind> {
  const batches: RecordedColumns[] = [];
  return {
    feed: (columns) => void batches.push(columns),
    finish: () => plan(gatherTensors(batches, meta)),
  };
}
