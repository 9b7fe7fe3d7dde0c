import type { AllocationColumns } from "../model/trace/allocations.ts";
import { AllocationBuilder, type AllocationRow, emptyRow, OP_CODE } from "./allocation_builder.ts";
import type { ReadOptions } from "./importer.ts";

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

/** A live allocation without an address, and the row that began it. */
interface Sized {
  readonly id: number;
  readonly row: number;
}

/**
 * Gives allocations their ids: a free belongs to the allocation at its address, else to the last one of the
 * same size (and site) that is live. What is freed without having been allocated was live before the first
 * event and is put in front.
 *
 * What is to be put in front is known only at the end. Who cannot hold all rows reads twice: a first time for
 * the blocks `before` the trace, a second time for its `events`; ids are the same each time.
 *
 * A compact trace keeps no addresses, and gives the id of what was freed to a later allocation.
 */
export class AllocationMatcher {
  readonly #keep: "all" | "before" | "events";
  readonly #compact: boolean;
  /** Ids that can be used again. */
  readonly #spare: number[] = [];
  /** Id of the live allocation at an address, by device. */
  readonly #atAddress = new Map<number, Map<number, number>>();
  /** Live allocations without an address, by what they have in common. */
  readonly #alike = new Map<string, Sized[]>();
  readonly #before = new AllocationBuilder();
  readonly builder = new AllocationBuilder();
  readonly #beforeOf = new Map<number, number>();
  readonly #row = emptyRow();
  #ids = 0;
  #rows = 0;
  #beforeCount = 0;
  reused = 0;

  constructor(keep: "all" | "before" | "events" = "all", { compact = false }: ReadOptions = {}) {
    this.#keep = keep;
    this.#compact = compact;
  }

  get before(): number {
    return this.#beforeCount;
  }

  get rows(): number {
    return this.#beforeCount + this.#rows;
  }

  allocate(event: MemoryEvent): void {
    const id = this.#spare.pop() ?? this.#ids++;
    if (Number.isNaN(event.address)) this.#push(event, { id, row: this.#rows });
    else {
      const live = this.#addressesOf(event.device);
      const other = live.get(event.address);
      if (other !== undefined) {
        // The free of the one before was not recorded.
        this.reused++;
        this.#end(event, other);
      }
      live.set(event.address, id);
    }
    this.#add("alloc", event, id);
  }

  free(event: MemoryEvent): void {
    this.#end(event, this.#take(event) ?? this.bornBefore(event));
  }

  /** A block that was there before the first event; its id, which nobody had before: it lived all the time. */
  bornBefore(event: MemoryEvent): number {
    const id = this.#ids++;
    this.#beforeCount++;
    this.#beforeOf.set(event.device, (this.#beforeOf.get(event.device) ?? 0) + 1);
    if (this.#keep !== "events") this.#before.add(this.#fill("alloc", event, id, NaN));
    return id;
  }

  /** As {@link bornBefore}, for a trace that names what was there before. */
  preexisting(event: MemoryEvent): void {
    const id = this.bornBefore(event);
    if (Number.isNaN(event.address)) this.#push(event, { id, row: -1 });
    else this.#addressesOf(event.device).set(event.address, id);
  }

  /** A live allocation without an address changes its site. */
  move(from: MemoryEvent, site: number): void {
    const open = this.#pop(from);
    if (open === undefined) return;
    if (open.row >= 0) this.builder.setSite(open.row, site);
    this.#push({ ...from, site }, open);
  }

  fail(event: MemoryEvent): void {
    this.#add("oom", event, -1);
  }

  /** Number of blocks of each device that stand in front. */
  liveBefore(): { device: number; count: number }[] {
    return [...this.#beforeOf].map(([device, count]) => ({ device, count }));
  }

  /** The blocks that were live before the first event. */
  beforeBatches(): readonly AllocationColumns[] {
    return this.#before.batches();
  }

  batches(): AllocationColumns[] {
    return [...this.#before.batches(), ...this.builder.batches()];
  }

  #addressesOf(device: number): Map<number, number> {
    let live = this.#atAddress.get(device);
    if (live === undefined) this.#atAddress.set(device, live = new Map());
    return live;
  }

  /** Ends the live allocation that a free is about; its id. */
  #take(event: MemoryEvent): number | undefined {
    if (Number.isNaN(event.address)) return this.#pop(event)?.id;
    const live = this.#addressesOf(event.device);
    const id = live.get(event.address);
    live.delete(event.address);
    return id;
  }

  #push(event: MemoryEvent, sized: Sized): void {
    const key = keyOf(event);
    const alike = this.#alike.get(key);
    if (alike === undefined) this.#alike.set(key, [sized]);
    else alike.push(sized);
  }

  #pop(event: MemoryEvent): Sized | undefined {
    return this.#alike.get(keyOf(event))?.pop();
  }

  #end(event: MemoryEvent, id: number): void {
    this.#add("free", event, id);
    if (this.#compact) this.#spare.push(id);
  }

  #add(op: string, event: MemoryEvent, id: number): void {
    this.#rows++;
    if (this.#keep !== "before") this.builder.add(this.#fill(op, event, id, event.timeNs));
  }

  #fill(op: string, event: MemoryEvent, id: number, timeNs: number): AllocationRow {
    const row = this.#row;
    row.op = OP_CODE[op];
    row.id = id;
    row.size = event.bytes;
    row.address = this.#compact ? NaN : event.address;
    row.stream = event.stream;
    row.device = event.device;
    row.timeNs = timeNs;
    row.site = event.site;
    return row;
  }
}

function keyOf(event: MemoryEvent): string {
  return `${event.device} ${event.bytes} ${event.site}`;
}
