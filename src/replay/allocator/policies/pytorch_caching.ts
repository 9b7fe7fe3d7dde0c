import { z } from "zod";
import { metric, type Metrics } from "../../../model/metric.ts";
import { bytesParam } from "../../../model/params.ts";
import type { Policy, Replay, ReplayContext, Series } from "../../../model/policy.ts";
import { parseAllocConf } from "../alloc_conf.ts";
import type { CachingAllocator } from "../caching.ts";
import { OpList } from "../op_list.ts";
import { replayCaching, smallestCapacity } from "../replay_ops.ts";

const params = z.strictObject({
  conf: z.string().default("").describe("a PYTORCH_CUDA_ALLOC_CONF string"),
  capacity: bytesParam().nullable().default(null)
    .describe("device memory; without it a device that is never full"),
  device: z.number().int().nonnegative().default(0).describe("GPU of the trace"),
  search: z.boolean().default(true).describe("search the smallest capacity without out-of-memory"),
});

type Params = z.infer<typeof params>;

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

function create(p: Params, context: ReplayContext<"allocations">): Replay<"allocations"> {
  const conf = parseAllocConf(p.conf);
  const ops = new OpList();
  return {
    feed: (columns) => ops.feed(columns, p.device),
    finish() {
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
        driver_call_count: count(run.device.counters.malloc + run.device.counters.free),
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
    },
  };
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

export const policy: Policy<"allocations", Params> = {
  name: "pytorch-caching",
  family: "allocator",
  summary: "PyTorch's native caching allocator, with its settings",
  reference: "PyTorch 2.6.0 c10/cuda/CUDACachingAllocator.cpp, checked operation by operation",
  accepts: ["allocations"],
  params,
  create,
};
