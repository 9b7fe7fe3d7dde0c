import { ALLOCATION_OPS, type AllocationColumns } from "../model/trace/allocations.ts";

/** Codes of the `op` column by name. */
export const OP_CODE: Readonly<Record<string, number>> = Object.fromEntries(
  ALLOCATION_OPS.map((name, code) => [name, code]),
);

/** Rows of a batch: small enough to pass on, large enough to be cheap. */
const BATCH_ROWS = 65536;

/** One row before it is a column; unknown is NaN, -1 or 0 as in {@link AllocationColumns}. */
export interface AllocationRow {
  op: number;
  id: number;
  size: number;
  address: number;
  stream: number;
  device: number;
  timeNs: number;
  pool: number;
  site: number;
}

/** A row about nothing, to start from. */
export function emptyRow(): AllocationRow {
  return {
    op: 0,
    id: -1,
    size: 0,
    address: NaN,
    stream: 0,
    device: 0,
    timeNs: NaN,
    pool: 0,
    site: -1,
  };
}

class Batch {
  readonly op = new Uint8Array(BATCH_ROWS);
  readonly id = new Int32Array(BATCH_ROWS);
  readonly size = new Float64Array(BATCH_ROWS);
  readonly address = new Float64Array(BATCH_ROWS);
  readonly stream = new Int32Array(BATCH_ROWS);
  readonly device = new Int32Array(BATCH_ROWS);
  readonly timeNs = new Float64Array(BATCH_ROWS);
  /** Only where some row has one: most traces do not. */
  pool: Int32Array | undefined;
  site: Int32Array | undefined;
  count = 0;
}

/** Collects rows of an allocation trace into batches of typed arrays; nothing is copied when they are given out. */
export class AllocationBuilder {
  #open = new Batch();
  readonly #full: AllocationColumns[] = [];
  #given = 0;
  rows = 0;

  add(row: AllocationRow): void {
    const batch = this.#open;
    const at = batch.count++;
    batch.op[at] = row.op;
    batch.id[at] = row.id;
    batch.size[at] = row.size;
    batch.address[at] = row.address;
    batch.stream[at] = row.stream;
    batch.device[at] = row.device;
    batch.timeNs[at] = row.timeNs;
    if (row.pool !== 0) (batch.pool ??= new Int32Array(BATCH_ROWS))[at] = row.pool;
    if (row.site >= 0) (batch.site ??= new Int32Array(BATCH_ROWS).fill(-1))[at] = row.site;
    this.rows++;
    if (batch.count === BATCH_ROWS) this.#close();
  }

  /** Changes the site of a row that was added before. */
  setSite(row: number, site: number): void {
    const at = row % BATCH_ROWS;
    const full = this.#full[Math.floor(row / BATCH_ROWS)] as
      | { site?: Int32Array; count: number }
      | undefined;
    const batch = full ?? this.#open;
    (batch.site ??= new Int32Array(full === undefined ? BATCH_ROWS : full.count).fill(-1))[at] =
      site;
  }

  /** Every batch so far; more rows may follow after those that are full. */
  batches(): readonly AllocationColumns[] {
    if (this.#open.count > 0) this.#close();
    return this.#full;
  }

  /** Batches that were not taken yet, which are then forgotten; the last, open one only with `all`. */
  *take(all: boolean): Generator<AllocationColumns> {
    if (all && this.#open.count > 0) this.#close();
    while (this.#given < this.#full.length) {
      const batch = this.#full[this.#given];
      this.#full[this.#given++] = undefined as never;
      yield batch;
    }
  }

  #close(): void {
    const { count, op, id, size, address, stream, device, timeNs, pool, site } = this.#open;
    const whole = count === BATCH_ROWS;
    const end = <A extends { slice(from: number, to: number): A }>(values: A): A =>
      whole ? values : values.slice(0, count);
    this.#full.push({
      kind: "allocations",
      count,
      op: end(op),
      id: end(id),
      size: end(size),
      address: end(address),
      stream: end(stream),
      device: end(device),
      timeNs: end(timeNs),
      ...(pool === undefined ? {} : { pool: end(pool) }),
      ...(site === undefined ? {} : { site: end(site) }),
    });
    this.#open = new Batch();
  }
}

/** Names given dense numbers in the order of their first appearance. */
export class DenseNames {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}
