import type { z } from "zod";
import { usageError } from "../../model/errors.ts";
import type { Policy, Replay, ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { AllocationTraceMeta } from "../../model/trace/allocations.ts";
import { parseCallCosts } from "./call_costs.ts";
import type { Heap } from "./heap.ts";
import { heapLine } from "./heap_line.ts";
import { HeapMeter } from "./heap_meter.ts";
import { heapOutcome } from "./heap_outcome.ts";
import type { HeapParams } from "./heap_params.ts";
import { replayHeap } from "./heap_replay.ts";
import { OpList } from "./op_list.ts";

/** More than any device has; addresses stay exact below 2^53. */
export const UNLIMITED = 2 ** 46;

/** What one allocator adds to the common replay. */
export interface HeapPolicySpec<P extends HeapParams> {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  readonly params: z.ZodType<P>;
  /** The allocator on an empty device. */
  heap(params: P, capacityBytes: number, meta: AllocationTraceMeta): Heap;
  /** Sentences about the parameters that a reader must know. */
  notes?(params: P): readonly string[];
  /** Another way to replay that the parameters ask for (validation); null for the common one. */
  instead?(params: P, context: ReplayContext<"allocations">, ops: OpList): ReplayOutcome | null;
}

/** A policy that replays operations against an allocator with its own device. */
export function heapPolicy<P extends HeapParams>(
  spec: HeapPolicySpec<P>,
): Policy<"allocations", P> {
  return {
    name: spec.name,
    family: "allocator",
    summary: spec.summary,
    reference: spec.reference,
    accepts: ["allocations"],
    params: spec.params,
    create(params, context): Replay<"allocations"> {
      parseCallCosts(params.callCosts);
      spec.heap(params, UNLIMITED, context.meta);
      const ops = new OpList();
      return {
        feed: (columns) => ops.feed(columns, params.device),
        finish: () => {
          if (params.device !== null && ops.count === 0) {
            throw usageError(`device=${params.device}: the trace has no events of this GPU`);
          }
          return spec.instead?.(params, context, ops) ?? replay(spec, params, context, ops);
        },
      };
    },
    fits(params, context, batches, capacityBytes) {
      const ops = new OpList();
      for (const batch of batches) ops.feed(batch, params.device);
      const heap = spec.heap(params, capacityBytes, context.meta);
      replayHeap(ops, heap, { stopAtOom: true });
      return heap.stats.ooms === 0;
    },
  };
}

function replay<P extends HeapParams>(
  spec: HeapPolicySpec<P>,
  params: P,
  context: ReplayContext<"allocations">,
  ops: OpList,
): ReplayOutcome {
  const { meta, onEvent } = context;
  const capacity = params.capacity ?? UNLIMITED;
  const meter = new HeapMeter(ops.count, context.seriesPoints);
  const heap = spec.heap(params, capacity, meta);
  replayHeap(ops, heap, {
    observe: onEvent === undefined ? meter.observe : (h, moment) => {
      meter.observe(h, moment);
      onEvent(heapLine(h, moment, meta.streams));
    },
  });
  const at = momentOf(params, meter);
  // The state at the moment is made again: keeping it at every new peak would cost more.
  const then = spec.heap(params, capacity, meta);
  const blockOf = replayHeap(ops, then, { until: at + 1 });
  return heapOutcome({
    policy: spec.name,
    heap,
    then,
    blockOf,
    at,
    meter,
    ops,
    params,
    context,
    notes: spec.notes?.(params) ?? [],
  });
}

function momentOf(params: HeapParams, meter: HeapMeter): number {
  if (typeof params.moment === "number") return Math.min(params.moment, meter.lastIndex);
  if (params.moment === "end") return meter.lastIndex;
  // What led to a failure is what matters, when there is one.
  return meter.firstOomIndex ?? meter.peakIndex;
}
