import type { AllocationColumns } from "../model/trace/allocations.ts";
import { AllocationBuilder, type AllocationRow, emptyRow, OP_CODE } from "./allocation_builder.ts";

/** An event of a trace that names no allocation: bytes come and go, at an address or without one. */
export interface MemoryEvent {
  readonly device: number;
  /** NaN where the trace has none. */
  readonly address: number;
  readonly bytes: number;
  readonly timeNs: number;
  readonly stream: number;
  readonly site: number;
}

/**
 * Gives allocations their ids: a free belongs to the allocation at its address, else to the last one of the
 * same size (and site) that is live. What is freed without having been allocated was live before the first
 * event and is put in front.
 */
export class AllocationMatcher {
  readonly #live = new Map<string, { id: number; row: number }[]>();
  readonly #before = new AllocationBuilder();
  readonly builder = new AllocationBuilder();
  readonly #beforeOf = new Map<number, number>();
  #ids = 0;
  reused = 0;

  get before(): number {
    return this.#before.rows;
  }

  get rows(): number {
    return this.#before.rows + this.builder.rows;
  }

  allocate(event: MemoryEvent): void {
    const key = keyOf(event);
    const open = this.#live.get(key) ?? [];
    if (open.length > 0 && !Number.isNaN(event.address)) {
      // The free of the one before was not recorded.
      this.reused++;
      this.#add("free", event, open.pop()!.id);
    }
    const id = this.#ids++;
    open.push({ id, row: this.builder.rows });
    this.#live.set(key, open);
    this.#add("alloc", event, id);
  }

  free(event: MemoryEvent): void {
    const found = this.#live.get(keyOf(event))?.pop();
    this.#add("free", event, found?.id ?? this.bornBefore(event));
  }

  /** A block that was there before the first event; its id. */
  bornBefore(event: MemoryEvent): number {
    const id = this.#ids++;
    this.#before.add({ ...rowOf("alloc", event, id), timeNs: NaN });
    this.#beforeOf.set(event.device, (this.#beforeOf.get(event.device) ?? 0) + 1);
    return id;
  }

  /** As {@link bornBefore}, for a trace that names what was there before. */
  preexisting(event: MemoryEvent): void {
    const open = this.#live.get(keyOf(event)) ?? [];
    open.push({ id: this.bornBefore(event), row: -1 });
    this.#live.set(keyOf(event), open);
  }

  /** A live allocation changes its site. */
  move(from: MemoryEvent, site: number): void {
    const open = this.#live.get(keyOf(from))?.pop();
    if (open === undefined) return;
    if (open.row >= 0) this.builder.setSite(open.row, site);
    const key = keyOf({ ...from, site });
    const there = this.#live.get(key) ?? [];
    there.push(open);
    this.#live.set(key, there);
  }

  fail(event: MemoryEvent): void {
    this.#add("oom", event, -1);
  }

  #add(op: string, event: MemoryEvent, id: number): void {
    this.builder.add(rowOf(op, event, id));
  }

  /** Number of blocks of each device that stand in front. */
  liveBefore(): { device: number; count: number }[] {
    return [...this.#beforeOf].map(([device, count]) => ({ device, count }));
  }

  batches(): AllocationColumns[] {
    return [...this.#before.batches(), ...this.builder.batches()];
  }
}

function keyOf(event: MemoryEvent): string {
  return Number.isNaN(event.address)
    ? `${event.device} size ${event.bytes} ${event.site}`
    : `${event.device} ${event.address}`;
}

function rowOf(op: string, event: MemoryEvent, id: number): AllocationRow {
  return {
    ...emptyRow(),
    op: OP_CODE[op],
    id,
    size: event.bytes,
    address: event.address,
    stream: event.stream,
    device: event.device,
    timeNs: event.timeNs,
    site: event.site,
  };
}
