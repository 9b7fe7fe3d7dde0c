import { z } from "zod";
import { metric, type Metrics } from "../../model/metric.ts";
import { bytesParam } from "../../model/params.ts";
import type { Replay, ReplayContext, ReplayOutcome, Series } from "../../model/policy.ts";
import type { AllocationTraceMeta } from "../../model/trace/allocations.ts";
import { dataError } from "../../model/errors.ts";
import { type AllocConf, parseAllocConf, recordedConf } from "./alloc_conf.ts";
import { driverCalls } from "./device.ts";
import type { CachingAllocator } from "./caching.ts";
import { OpList } from "./op_list.ts";
import { replayCaching, smallestCapacity } from "./replay_ops.ts";
import { validate } from "./validate.ts";

/** Parameters of both forms of the allocator. */
export const cachingParams = z.strictObject({
  conf: z.string().default("").describe("a PYTORCH_CUDA_ALLOC_CONF string"),
  mode: z.enum(["what-if", "validate"]).default("what-if")
    .describe(
      "what-if: own device; validate: from the recorded start, against the recorded addresses",
    ),
  capacity: bytesParam().nullable().default(null)
    .describe("device memory; without it a device that is never full"),
  device: z.number().int().nonnegative().nullable().default(null)
    .describe("GPU of the trace; without it the first that has events"),
  search: z.boolean().default(true).describe("search the smallest capacity without out-of-memory"),
});

export type CachingParams = z.infer<typeof cachingParams>;

/** More than any device has; addresses stay exact below 2^53. */
const UNLIMITED = 2 ** 46;

/** The highest point of the reserved bytes, and what was free in segments that hold live blocks there. */
class PeakWatcher {
  reserved = -1;
  stranded = 0;

  observe(allocator: CachingAllocator): void {
    const { reserved, active } = allocator.stats;
    if (reserved < this.reserved || reserved === active) return;
    // Segments are only walked at a new peak, or at the same height with more waste.
    if (reserved === this.reserved && allocator.stats.inactiveSplit <= this.stranded) return;
    this.reserved = reserved;
    this.stranded = allocator.stats.inactiveSplit;
  }
}

/** The settings of the run: those given, or in `validate` without any, those of the recording. */
function confOf(p: CachingParams, meta: AllocationTraceMeta, expandable: boolean): AllocConf {
  const recorded = p.mode === "validate" && p.conf === "" && meta.allocatorSettings !== null;
  const conf = recorded ? recordedConf(meta.allocatorSettings) : parseAllocConf(p.conf);
  return { ...conf, expandable };
}

/** A replay of the caching allocator, with or without expandable segments. */
export function createCaching(
  p: CachingParams,
  context: ReplayContext<"allocations">,
  expandable: boolean,
): Replay<"allocations"> {
  const conf = confOf(p, context.meta, expandable);
  const ops = new OpList();
  return {
    feed: (columns) => ops.feed(columns, p.device),
    finish: () =>
      p.mode === "validate" ? validated(ops, conf, context) : replayed(ops, conf, p, context),
  };
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
  let stranded = 0;
  for (const segment of allocator.segments()) {
    const free = segment.blocks.filter((b) => b.state === "inactive");
    if (free.length === segment.blocks.length) continue;
    for (const block of free) stranded += block.size;
  }
  return {
    peak_requested_bytes: bytes(s.peakRequested),
    peak_allocated_bytes: bytes(s.peakAllocated),
    peak_reserved_bytes: bytes(s.peakReserved),
    end_reserved_bytes: bytes(s.reserved),
    end_allocated_bytes: bytes(s.allocated),
    end_requested_bytes: bytes(s.requested),
    stranded_bytes: bytes(stranded),
    releasable_bytes: bytes(s.reserved - s.active - stranded),
  };
}

function replayed(
  ops: OpList,
  conf: AllocConf,
  p: CachingParams,
  context: ReplayContext<"allocations">,
): ReplayOutcome {
  const line = new TimeLine(ops, context.seriesPoints);
  const peak = new PeakWatcher();
  const run = replayCaching(ops, conf, p.capacity ?? UNLIMITED, {
    observe: (allocator, at) => {
      line.observe(allocator, at);
      peak.observe(allocator);
    },
  });
  const { stats } = run.allocator;
  const bytes = (value: number) => metric(value, "bytes", "replayed");
  const count = (value: number) => metric(value, "count", "replayed");
  const metrics: Metrics = {
    waste_ratio: metric(
      stats.peakReserved === 0 ? 0 : 1 - stats.peakRequested / stats.peakReserved,
      "ratio",
      "replayed",
    ),
    peak_requested_bytes: bytes(stats.peakRequested),
    peak_allocated_bytes: bytes(stats.peakAllocated),
    peak_reserved_bytes: bytes(stats.peakReserved),
    stranded_bytes: bytes(peak.stranded),
    oom_count: count(stats.ooms),
    retry_count: count(stats.retries),
    driver_call_count: count(driverCalls(run.device.counters)),
  };
  if (p.search && p.capacity === null) {
    metrics.min_capacity_bytes = bytes(smallestCapacity(ops, conf, run));
  }
  const notes = context.meta.overflowed
    ? ["the recording's ring of events overflowed: its beginning is missing"]
    : [];
  if (context.meta.sizeMeaning === "rounded") {
    notes.push("the trace gives rounded sizes: internal waste cannot be seen in it");
  }
  return { metrics, usage: null, series: line.series(), notes };
}

/** Reserved, allocated and requested bytes over time (or over operations), thinned. */
class TimeLine {
  readonly #ops: OpList;
  readonly #stride: number;
  readonly #x: number[] = [];
  readonly #reserved: number[] = [];
  readonly #allocated: number[] = [];
  readonly #timed: boolean;

  constructor(ops: OpList, points: number) {
    this.#ops = ops;
    this.#stride = Math.max(1, Math.ceil(ops.count / Math.max(16, points)));
    this.#timed = ops.count > 0 && !Number.isNaN(ops.timeNs[0]);
  }

  observe(allocator: CachingAllocator, at: number): void {
    if (at % this.#stride !== 0) return;
    this.#x.push(this.#timed ? this.#ops.timeNs[at] / 1e9 : at);
    this.#reserved.push(allocator.stats.reserved);
    this.#allocated.push(allocator.stats.allocated);
  }

  series(): Series[] {
    const line = (id: string, title: string, y: number[]): Series => ({
      id,
      title,
      xUnit: this.#timed ? "seconds" : "index",
      unit: "bytes",
      x: this.#x,
      y,
    });
    return [
      line("reserved_bytes", "bytes reserved from the driver", this.#reserved),
      line("allocated_bytes", "bytes in live blocks", this.#allocated),
    ];
  }
}
