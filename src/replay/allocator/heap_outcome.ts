import { formatInUnit } from "../../model/format_metric.ts";
import { metric, type Metrics } from "../../model/metric.ts";
import { counted } from "../../model/plural.ts";
import type { ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { Usage } from "../../model/usage.ts";
import { formatBytes } from "../../model/units.ts";
import { CALL_NAMES, driverSeconds, parseCallCosts } from "./call_costs.ts";
import { type DeviceCounters, driverCalls } from "./device.ts";
import type { Heap } from "./heap.ts";
import { segmentMap } from "./heap_figures.ts";
import type { HeapMeter } from "./heap_meter.ts";
import type { HeapParams } from "./heap_params.ts";
import type { OpList } from "./op_list.ts";
import { findPinning, type Pinning } from "./pinning.ts";

/** A finished replay, and the same replay stopped at the moment to look at. */
export interface FinishedReplay {
  readonly policy: string;
  readonly heap: Heap;
  readonly then: Heap;
  readonly blockOf: Int32Array;
  readonly at: number;
  readonly meter: HeapMeter;
  readonly ops: OpList;
  readonly params: HeapParams;
  readonly context: ReplayContext<"allocations">;
  readonly notes: readonly string[];
}

const CALL_METRICS: Readonly<Record<keyof DeviceCounters, string>> = {
  malloc: "malloc_call_count",
  mallocFail: "malloc_failed_count",
  free: "free_call_count",
  create: "create_call_count",
  map: "map_call_count",
  unmap: "unmap_call_count",
  release: "release_call_count",
  setAccess: "set_access_call_count",
  reserve: "reserve_call_count",
};

const bytes = (value: number) => metric(value, "bytes", "replayed");
const count = (value: number) => metric(value, "count", "replayed");
const ratio = (value: number) => metric(value, "ratio", "replayed");

/** How memory is divided at one moment. */
function momentMetrics(then: Heap, pinning: Pinning): Metrics {
  const { stats: s } = then;
  const external = s.reserved - s.active;
  const largest = then.largestFree();
  return {
    internal_bytes: bytes(s.active - s.requested),
    external_bytes: bytes(external),
    pending_bytes: bytes(s.active - s.allocated),
    stranded_bytes: bytes(s.stranded),
    releasable_bytes: bytes(external - s.stranded),
    stranding_block_count: count(pinning.blocks),
    largest_free_bytes: bytes(largest),
    external_index_ratio: ratio(external === 0 ? 0 : 1 - largest / external),
  };
}

/** Peaks, counts and times of a whole replay. */
function wholeMetrics(heap: Heap, params: HeapParams): Metrics {
  const { stats: s, calls } = heap;
  const costs = parseCallCosts(params.callCosts);
  const wasted = (used: number) => ratio(s.peakReserved === 0 ? 0 : 1 - used / s.peakReserved);
  const metrics: Metrics = {
    waste_ratio: wasted(s.peakRequested),
    fragmentation_ratio: wasted(s.peakActive),
    peak_requested_bytes: bytes(s.peakRequested),
    peak_allocated_bytes: bytes(s.peakAllocated),
    peak_active_bytes: bytes(s.peakActive),
    peak_reserved_bytes: bytes(s.peakReserved),
    oom_count: count(s.ooms),
    retry_count: count(s.retries),
    sync_count: count(s.syncs),
    driver_call_count: count(driverCalls(calls)),
    driver_seconds: metric(driverSeconds(costs, calls, s.syncs), "seconds", costs.evidence),
  };
  for (const kind of Object.keys(CALL_NAMES) as (keyof DeviceCounters)[]) {
    metrics[CALL_METRICS[kind]] = count(calls[kind]);
  }
  return metrics;
}

function notesOf(run: FinishedReplay, pinning: Pinning): string[] {
  const { heap, then, meter, context, params } = run;
  const notes = [...run.notes];
  const { stranded } = then.stats;
  if (stranded > 0) {
    const top = pinning.pins[0];
    notes.push(
      `${run.policy}: ${formatInUnit(stranded, "bytes")} is stranded by ${
        counted(pinning.blocks, "block")
      } in ` +
        counted(pinning.segments, "segment") +
        (top === undefined
          ? ""
          : `; most is held back by ${top.name} (${counted(top.blocks, "block")}, ${
            formatInUnit(top.bytes, "bytes")
          })`),
    );
  }
  if (meter.firstOomIndex !== null) {
    notes.push(
      `${run.policy}: ${counted(heap.stats.ooms, "allocation")} failed in ${
        formatInUnit(params.capacity ?? 0, "bytes")
      }; the first is operation ${meter.firstOomIndex}, ${
        formatInUnit(meter.firstOomBytes, "bytes")
      }, with ${
        formatInUnit(then.stats.reserved - then.stats.active, "bytes")
      } reserved but not in use`,
    );
  }
  if (heap.stats.retries > 0) {
    notes.push(
      `${run.policy}: ${
        counted(heap.stats.retries, "allocation")
      } succeeded or failed only after the cache was given back; ` +
        "each is a stall of the whole device",
    );
  }
  const { meta } = context;
  if (meter.seconds === 0) {
    notes.push(
      "the trace has no times: an estimate of energy or cost covers the driver calls alone",
    );
  }
  if (meta.overflowed) {
    notes.push("the recording's ring of events overflowed: its beginning is missing");
  }
  if (meta.sizeMeaning === "rounded") {
    notes.push("the trace gives rounded sizes: internal waste cannot be seen in it");
  }
  for (const { device, bytes } of meta.heldBefore ?? []) {
    notes.push(
      `${formatBytes(bytes)} on device ${device} were there before the trace and in no event: ` +
        "they come on top of every size here",
    );
  }
  return notes;
}

/**
 * What the replay used of the machine: a GPU for the time of the trace and for this policy's calls and stalls
 * on top of it, and the memory it reserved. Without times, the calls alone.
 */
function usageOf({ heap, meter, params, context }: FinishedReplay): Usage {
  const gpu = context.profiles.hardware?.gpu ?? null;
  const costs = parseCallCosts(params.callCosts);
  const wallSeconds = meter.seconds + driverSeconds(costs, heap.calls, heap.stats.syncs);
  return {
    wallSeconds,
    functionalUnits: {},
    devices: [{
      kind: "gpu",
      ...(gpu === null ? {} : { key: gpu.key }),
      count: 1,
      reservedSeconds: wallSeconds,
      busySeconds: null,
    }],
    flows: [],
    held: [{ tier: "hbm", byteSeconds: meter.reservedByteSeconds }],
    evidence: costs.evidence,
  };
}

/** Metrics, lines, the segment map and what a reader must know of one replay. */
export function heapOutcome(run: FinishedReplay): ReplayOutcome {
  const { heap, then, meter, params, context, ops } = run;
  const segments = then.segments();
  const pinning = findPinning(segments, ops, then, run.blockOf, run.at + 1, context.meta);
  const gpu = context.profiles.hardware?.gpu ?? null;
  const capacity = params.capacity ?? gpu?.memoryBytes ?? heap.stats.peakReserved;
  const when = run.at === meter.firstOomIndex
    ? `at the first out-of-memory (operation ${run.at})`
    : run.at === meter.peakIndex
    ? `at the peak (operation ${run.at})`
    : `after operation ${run.at}`;
  const s = then.stats;
  return {
    metrics: {
      ...wholeMetrics(heap, params),
      ...momentMetrics(then, pinning),
      largest_allocatable_bytes: bytes(
        Math.max(then.largestFree(), capacity - s.active - s.stranded),
      ),
    },
    usage: usageOf(run),
    series: meter.series(capacity),
    figures: segments.length === 0 ? [] : [segmentMap(segments, when)],
    detail: {
      moment: { operation: run.at, when },
      pinning: {
        segments: pinning.segments,
        blocks: pinning.blocks,
        pins: pinning.pins.map((p) => ({ ...p })),
      },
    },
    notes: notesOf(run, pinning),
  };
}
