import { z } from "zod";
import { dataError } from "../../model/errors.ts";
import { metric, type Metrics } from "../../model/metric.ts";
import type { Policy, ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { AllocationTraceMeta } from "../../model/trace/allocations.ts";
import { type AllocConf, parseAllocConf, recordedConf } from "./alloc_conf.ts";
import { CachingAllocator } from "./caching.ts";
import { createDevice } from "./device.ts";
import { type HeapParams, heapParams } from "./heap_params.ts";
import { heapPolicy } from "./heap_policy.ts";
import type { OpList } from "./op_list.ts";
import { validate } from "./validate.ts";

const params = z.strictObject({
  ...heapParams,
  conf: z.string().default("").describe("a PYTORCH_CUDA_ALLOC_CONF string"),
  mode: z.enum(["what-if", "validate"]).default("what-if")
    .describe(
      "what-if: own device; validate: from the recorded start, against the recorded addresses",
    ),
});

/** Parameters of both forms of the allocator. */
export interface CachingParams extends HeapParams {
  readonly conf: string;
  readonly mode: "what-if" | "validate";
}

/** The settings of the run: those given, or in `validate` without any, those of the recording. */
function confOf(p: CachingParams, meta: AllocationTraceMeta, expandable: boolean): AllocConf {
  if (p.mode === "validate" && p.conf === "" && meta.allocatorSettings !== null) {
    return { ...recordedConf(meta.allocatorSettings), expandable };
  }
  const conf = parseAllocConf(p.conf);
  return { ...conf, expandable: expandable || conf.expandable };
}

/** PyTorch's caching allocator as a policy, with or without expandable segments. */
export function cachingPolicy(
  name: string,
  summary: string,
  expandable: boolean,
): Policy<"allocations", CachingParams> {
  return heapPolicy<CachingParams>({
    name,
    summary,
    reference: "PyTorch 2.6.0 c10/cuda/CUDACachingAllocator.cpp, checked operation by operation",
    params,
    heap: (p, capacity, meta) =>
      new CachingAllocator(createDevice(capacity), confOf(p, meta, expandable)),
    notes: (p) =>
      !expandable && parseAllocConf(p.conf).expandable
        ? ["the settings turn expandable segments on: this is pytorch-expandable"]
        : [],
    instead: (p, context, ops) =>
      p.mode === "validate" ? validated(ops, confOf(p, context.meta, expandable), context) : null,
  });
}

function validated(
  ops: OpList,
  conf: AllocConf,
  context: ReplayContext<"allocations">,
): ReplayOutcome {
  if (context.meta.segments === null || context.meta.sizeMeaning === "rounded") {
    throw dataError(
      "mode=validate: the trace has no recorded segments and requested sizes to compare with",
      "use a PyTorch memory snapshot, or mode=what-if",
    );
  }
  const device = ops.device ?? 0;
  const v = validate(ops, context.meta, conf, device);
  if (v.addresses === 0) {
    throw dataError(
      `device=${device}: the trace has no allocations of GPU ${device}`,
      "choose a GPU of the trace with --set device=N",
    );
  }
  const count = (value: number) => metric(value, "count", "replayed");
  const notes = [
    v.firstDifference ?? "every recorded address and segment is reproduced",
    ...(v.releasesMissed > 0
      ? [`${v.releasesMissed} recorded releases of segments could not be followed`]
      : []),
  ];
  return {
    metrics: {
      recorded_addresses: count(v.addresses),
      recorded_addresses_matched: count(v.addressesMatched),
      recorded_segments: count(v.segments),
      recorded_segments_matched: count(v.segmentsMatched),
      ...endMetrics(v.allocator),
    },
    usage: null,
    notes,
  };
}

/** What stands in memory at the end of a recording, and the peaks on the way. */
function endMetrics(allocator: CachingAllocator): Metrics {
  const bytes = (value: number) => metric(value, "bytes", "replayed");
  const s = allocator.stats;
  return {
    peak_requested_bytes: bytes(s.peakRequested),
    peak_allocated_bytes: bytes(s.peakAllocated),
    peak_active_bytes: bytes(s.peakActive),
    peak_reserved_bytes: bytes(s.peakReserved),
    end_reserved_bytes: bytes(s.reserved),
    end_allocated_bytes: bytes(s.allocated),
    end_requested_bytes: bytes(s.requested),
    internal_bytes: bytes(s.active - s.requested),
    external_bytes: bytes(s.reserved - s.active),
    stranded_bytes: bytes(s.stranded),
    releasable_bytes: bytes(s.reserved - s.active - s.stranded),
    largest_free_bytes: bytes(allocator.largestFree()),
  };
}
