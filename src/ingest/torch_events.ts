import { dataError } from "../model/errors.ts";
import {
  ALLOCATION_OPS,
  type AllocationColumns,
  type AllocationTraceMeta,
  type SnapshotSegment,
} from "../model/trace/allocations.ts";

/** One event of a memory snapshot's trace. `size` is the requested size of an allocation. */
export interface TorchEvent {
  readonly action: string;
  readonly address: number;
  readonly size: number;
  readonly stream: number;
  /** Microseconds, null in old snapshots. */
  readonly timeUs: number | null;
}

/** A memory snapshot as both of its forms (pickle, reduced JSON) give it. */
export interface TorchSnapshot {
  readonly segments: readonly SnapshotSegment[];
  /** Events of each GPU. */
  readonly traces: readonly (readonly TorchEvent[])[];
  readonly settings: Readonly<Record<string, unknown>> | null;
}

const CODE = Object.fromEntries(ALLOCATION_OPS.map((name, i) => [name, i])) as Record<
  string,
  number
>;
const SEGMENT_ACTIONS = new Set(["segment_alloc", "segment_free", "segment_map", "segment_unmap"]);

interface Row {
  op: number;
  id: number;
  size: number;
  address: number;
  stream: number;
  timeNs: number;
}

/** What one device's events become: rows, and what was noticed. */
interface DeviceRows {
  readonly rows: Row[];
  readonly before: number;
  readonly unmatched: number;
  readonly delayed: number;
}

/** Blocks that the snapshot shows as live, by address: what the trace may free without having allocated. */
function liveAtEnd(segments: readonly SnapshotSegment[], device: number): Map<number, number> {
  const live = new Map<number, number>();
  for (const segment of segments) {
    if (segment.device !== device) continue;
    for (const block of segment.blocks) {
      if (block.state !== "inactive") live.set(block.address, block.requestedSize || block.size);
    }
  }
  return live;
}

/**
 * Turns the events of one GPU into operations. A logical free is `free_requested`; a `free_completed` that does
 * not follow at once means that another stream still used the block: it becomes `record_stream` on a stream of
 * its own, and `stream_done` when the free was completed. Blocks that were live before the trace began (freed
 * without an allocation, or live at the end and never allocated) are allocated first.
 */
function convert(
  events: readonly TorchEvent[],
  segments: readonly SnapshotSegment[],
  device: number,
  streams: { of(stream: number): number; waiting(): number },
  ids: { next: number },
): DeviceRows {
  const rows: Row[] = [];
  const idAt = new Map<number, number>();
  const waiting = new Map<number, number>();
  const first: Row[] = [];
  const allocated = new Set<number>();
  const startUs = events.find((e) => e.timeUs !== null)?.timeUs ?? null;
  let unmatched = 0;
  let delayed = 0;
  const push = (op: string, event: TorchEvent, id: number, stream = streams.of(event.stream)) => {
    const timeNs = event.timeUs === null || startUs === null
      ? NaN
      : Math.round((event.timeUs - startUs) * 1000);
    rows.push({ op: CODE[op], id, size: event.size, address: event.address, stream, timeNs });
  };
  const bornBefore = (address: number, size: number, stream: number): number => {
    const id = ids.next++;
    first.push({ op: CODE.alloc, id, size, address, stream, timeNs: NaN });
    return id;
  };
  events.forEach((event, i) => {
    switch (event.action) {
      case "alloc": {
        const id = ids.next++;
        idAt.set(event.address, id);
        allocated.add(event.address);
        push("alloc", event, id);
        break;
      }
      case "free_requested":
      case "free": {
        let id = idAt.get(event.address);
        if (id === undefined) id = bornBefore(event.address, event.size, streams.of(event.stream));
        idAt.delete(event.address);
        allocated.add(event.address);
        const next = events[i + 1];
        const atOnce = event.action === "free" ||
          (next?.action === "free_completed" && next.address === event.address);
        if (!atOnce) {
          const stream = streams.waiting();
          waiting.set(event.address, stream);
          push("record_stream", event, id, stream);
          delayed++;
        }
        push("free", event, id);
        break;
      }
      case "free_completed": {
        const stream = waiting.get(event.address);
        if (stream !== undefined) {
          waiting.delete(event.address);
          push("stream_done", event, -1, stream);
        } else if (events[i - 1]?.address !== event.address) unmatched++;
        push("free_completed", event, -1);
        break;
      }
      default:
        if (
          SEGMENT_ACTIONS.has(event.action) || event.action === "oom" || event.action === "snapshot"
        ) {
          push(event.action, event, -1);
        } else unmatched++;
    }
  });
  for (const [address, size] of liveAtEnd(segments, device)) {
    if (!allocated.has(address)) bornBefore(address, size, 0);
  }
  first.sort((a, b) => a.address - b.address);
  return { rows: [...first, ...rows], before: first.length, unmatched, delayed };
}

function columnsOf(
  devices: readonly { device: number; rows: readonly Row[] }[],
): AllocationColumns {
  const all = devices.flatMap(({ device, rows }) => rows.map((row) => ({ ...row, device })));
  return {
    kind: "allocations",
    count: all.length,
    op: Uint8Array.from(all, (r) => r.op),
    id: Int32Array.from(all, (r) => r.id),
    size: Float64Array.from(all, (r) => r.size),
    address: Float64Array.from(all, (r) => r.address),
    stream: Int32Array.from(all, (r) => r.stream),
    device: Int32Array.from(all, (r) => r.device),
    timeNs: Float64Array.from(all, (r) => r.timeNs),
  };
}

/**
 * The allocation trace of a memory snapshot.
 *
 * @throws data error when no GPU has a single allocation event.
 */
export function allocationTrace(snapshot: TorchSnapshot, label: string) {
  const names: string[] = [];
  const byStream = new Map<number, number>();
  const streams = {
    of(stream: number): number {
      let dense = byStream.get(stream);
      if (dense === undefined) {
        dense = names.push(String(stream)) - 1;
        byStream.set(stream, dense);
      }
      return dense;
    },
    waiting: () => names.push("waiting") - 1,
  };
  const ids = { next: 0 };
  const devices: { device: number; rows: readonly Row[]; before: number }[] = [];
  const notes: string[] = [];
  snapshot.traces.forEach((events, device) => {
    if (!events.some((e) => e.action === "alloc")) {
      if (events.length > 0) {
        notes.push(
          `GPU ${device}: no usable trace (${events.length} events, none an allocation: the ring was too small)`,
        );
      }
      return;
    }
    const { rows, before, unmatched, delayed } = convert(
      events,
      snapshot.segments,
      device,
      streams,
      ids,
    );
    devices.push({ device, rows, before });
    notes.push(
      `GPU ${device}: ${events.length} events, ${before} blocks were live before the first`,
    );
    if (delayed > 0) notes.push(`GPU ${device}: ${delayed} frees waited for another stream`);
    if (unmatched > 0) notes.push(`GPU ${device}: ${unmatched} events belong to no known block`);
  });
  if (devices.length === 0) {
    const total = snapshot.traces.reduce((sum, t) => sum + t.length, 0);
    throw dataError(
      `${label}: the snapshot has no usable trace (${total} events, none an allocation)`,
      "record with torch.cuda.memory._record_memory_history(max_entries=100000) before the workload",
    );
  }
  const { trace_alloc_overflowed: overflowed } = (snapshot.settings ?? {}) as Record<
    string,
    unknown
  >;
  const meta: AllocationTraceMeta = {
    sizeMeaning: "requested",
    overflowed: overflowed === true,
    allocatorSettings: snapshot.settings,
    segments: snapshot.segments,
    liveBefore: devices.map(({ device, before }) => ({ device, count: before })),
    streams: names,
  };
  return { columns: columnsOf(devices), meta, notes };
}
