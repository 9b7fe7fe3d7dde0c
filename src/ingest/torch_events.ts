import { dataError } from "../model/errors.ts";
import { counted } from "../model/plural.ts";
import {
  type AllocationColumns,
  type AllocationTraceMeta,
  privatePools,
  type SnapshotSegment,
} from "../model/trace/allocations.ts";
import { AllocationBuilder, DenseNames, emptyRow, OP_CODE } from "./allocation_builder.ts";

/** One event of a memory snapshot's trace. `size` is the requested size of an allocation. */
export interface TorchEvent {
  readonly action: string;
  readonly address: number;
  readonly size: number;
  readonly stream: number;
  /** Microseconds, null in old snapshots. */
  readonly timeUs: number | null;
  /** Who allocated; null where that was not recorded. */
  readonly site: string | null;
}

const OTHER_ACTIONS = new Set([
  "segment_alloc",
  "segment_free",
  "segment_map",
  "segment_unmap",
  "oom",
  "snapshot",
]);

/** What all GPUs of a snapshot share. */
interface Shared {
  readonly streams: DenseNames;
  readonly sites: DenseNames;
  ids: number;
}

/**
 * Turns the events of one GPU into operations as they come. A logical free is `free_requested`; a
 * `free_completed` that does not follow at once means that another stream still used the block: it becomes
 * `record_stream` on a stream of its own, and `stream_done` when the free was completed.
 */
class DeviceEvents {
  readonly #shared: Shared;
  readonly #device: number;
  readonly #builder = new AllocationBuilder();
  readonly #row = emptyRow();
  readonly #idAt = new Map<number, number>();
  readonly #waiting = new Map<number, number>();
  /** Addresses that were allocated or freed; what is live at the end and not here was live before. */
  readonly #seen = new Set<number>();
  readonly #before: { id: number; address: number; size: number; stream: number }[] = [];
  #startUs: number | null = null;
  /** A free that was requested: the next event says whether it was completed at once. */
  #open: { event: TorchEvent; id: number } | null = null;
  #lastAddress = NaN;
  events = 0;
  allocations = 0;
  unmatched = 0;
  delayed = 0;

  constructor(device: number, shared: Shared) {
    this.#device = device;
    this.#shared = shared;
  }

  take(event: TorchEvent): void {
    this.events++;
    if (event.timeUs !== null) this.#startUs ??= event.timeUs;
    this.#settle(event);
    switch (event.action) {
      case "alloc": {
        const id = this.#shared.ids++;
        this.#idAt.set(event.address, id);
        this.#seen.add(event.address);
        this.allocations++;
        this.#add("alloc", event, id);
        break;
      }
      case "free_requested":
      case "free": {
        let id = this.#idAt.get(event.address);
        if (id === undefined) {
          id = this.#bornBefore(event.address, event.size, this.#streamOf(event));
        }
        this.#idAt.delete(event.address);
        this.#seen.add(event.address);
        if (event.action === "free") this.#add("free", event, id);
        else this.#open = { event, id };
        break;
      }
      case "free_completed": {
        const stream = this.#waiting.get(event.address);
        if (stream !== undefined) {
          this.#waiting.delete(event.address);
          this.#add("stream_done", event, -1, stream);
        } else if (this.#lastAddress !== event.address) this.unmatched++;
        this.#add("free_completed", event, -1);
        break;
      }
      default:
        if (OTHER_ACTIONS.has(event.action)) this.#add(event.action, event, -1);
        else this.unmatched++;
    }
    this.#lastAddress = event.address;
  }

  /** Writes the free that waited for the event after it. */
  #settle(next: TorchEvent | null): void {
    if (this.#open === null) return;
    const { event, id } = this.#open;
    this.#open = null;
    if (next?.action !== "free_completed" || next.address !== event.address) {
      const stream = this.#shared.streams.names.push("waiting") - 1;
      this.#waiting.set(event.address, stream);
      this.#add("record_stream", event, id, stream);
      this.delayed++;
    }
    this.#add("free", event, id);
  }

  #streamOf(event: TorchEvent): number {
    return this.#shared.streams.of(String(event.stream));
  }

  #bornBefore(address: number, size: number, stream: number): number {
    const id = this.#shared.ids++;
    this.#before.push({ id, address, size, stream });
    return id;
  }

  #add(op: string, event: TorchEvent, id: number, stream = this.#streamOf(event)): void {
    const row = this.#row;
    row.op = OP_CODE[op];
    row.id = id;
    row.size = event.size;
    row.address = event.address;
    row.stream = stream;
    row.device = this.#device;
    row.timeNs = event.timeUs === null || this.#startUs === null
      ? NaN
      : Math.round((event.timeUs - this.#startUs) * 1000);
    row.site = op === "alloc" && event.site !== null ? this.#shared.sites.of(event.site) : -1;
    this.#builder.add(row);
  }

  /**
   * All operations: first the blocks that were live before the trace began (freed without an allocation, or
   * live at the end and never allocated), by address.
   */
  finish(segments: readonly SnapshotSegment[]): { before: number; batches: AllocationColumns[] } {
    this.#settle(null);
    const mine = segments.filter((s) => s.device === this.#device);
    for (const segment of mine) {
      for (const block of segment.blocks) {
        if (block.state === "inactive" || this.#seen.has(block.address)) continue;
        this.#bornBefore(
          block.address,
          block.requestedSize || block.size,
          this.#shared.streams.of("0"),
        );
      }
    }
    this.#before.sort((a, b) => a.address - b.address);
    const first = new AllocationBuilder();
    for (const block of this.#before) {
      first.add({ ...emptyRow(), ...block, op: OP_CODE.alloc, device: this.#device });
    }
    const batches = [...first.batches(), ...this.#builder.batches()];
    return { before: this.#before.length, batches: withPools(batches, mine, segments) };
  }
}

/** Operations in segments of a private pool get its number; what was released before the end is not known. */
function withPools(
  batches: AllocationColumns[],
  mine: readonly SnapshotSegment[],
  all: readonly SnapshotSegment[],
): AllocationColumns[] {
  const numbers = privatePools(all);
  const ranges = mine.filter((s) => numbers.has(s.poolId.join()));
  if (ranges.length === 0) return batches;
  return batches.map((batch) => ({
    ...batch,
    pool: Int32Array.from(batch.address, (address) => {
      const s = ranges.find((r) => address >= r.address && address < r.address + r.totalSize);
      return s === undefined ? 0 : numbers.get(s.poolId.join())!;
    }),
  }));
}

/** Collects a memory snapshot, event by event, into an allocation trace. */
export class TorchTraceBuilder {
  readonly #shared: Shared = { streams: new DenseNames(), sites: new DenseNames(), ids: 0 };
  readonly #segments: SnapshotSegment[] = [];
  readonly #devices: DeviceEvents[] = [];

  segment(segment: SnapshotSegment): void {
    this.#segments.push(segment);
  }

  event(device: number, event: TorchEvent): void {
    while (this.#devices.length <= device) {
      this.#devices.push(new DeviceEvents(this.#devices.length, this.#shared));
    }
    this.#devices[device].take(event);
  }

  /** @throws data error when no GPU has a single allocation event. */
  finish(settings: Readonly<Record<string, unknown>> | null, label: string): {
    rows: number;
    batches: AllocationColumns[];
    meta: AllocationTraceMeta;
    notes: string[];
  } {
    const notes: string[] = [];
    const batches: AllocationColumns[] = [];
    const liveBefore: { device: number; count: number }[] = [];
    this.#devices.forEach((events, device) => {
      if (events.allocations === 0) {
        if (events.events > 0) {
          notes.push(
            `GPU ${device}: no usable trace (${
              counted(events.events, "event")
            }, none an allocation: the ring was too small)`,
          );
        }
        return;
      }
      const { before, batches: mine } = events.finish(this.#segments);
      batches.push(...mine);
      liveBefore.push({ device, count: before });
      notes.push(
        `GPU ${device}: ${counted(events.events, "event")}, ${
          counted(before, "block")
        } live before the first`,
      );
      if (events.delayed > 0) {
        notes.push(`GPU ${device}: ${counted(events.delayed, "free")} waited for another stream`);
      }
      if (events.unmatched > 0) {
        notes.push(`GPU ${device}: ${counted(events.unmatched, "event")} of no known block`);
      }
    });
    if (batches.length === 0) {
      const total = this.#devices.reduce((sum, d) => sum + d.events, 0);
      throw dataError(
        `${label}: the snapshot has no usable trace (${
          counted(total, "event")
        }, none an allocation)`,
        "record with torch.cuda.memory._record_memory_history(max_entries=100000) before the workload",
      );
    }
    const { streams, sites } = this.#shared;
    return {
      rows: batches.reduce((sum, b) => sum + b.count, 0),
      batches,
      meta: {
        sizeMeaning: "requested",
        overflowed: settings?.trace_alloc_overflowed === true,
        allocatorSettings: settings,
        segments: this.#segments,
        liveBefore,
        streams: streams.names,
        ...(sites.names.length === 0 ? {} : { sites: sites.names }),
      },
      notes,
    };
  }
}
