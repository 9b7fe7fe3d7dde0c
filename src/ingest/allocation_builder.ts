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

type Values = Float64Array | Uint32Array | Int32Array | Uint8Array;

/** A column in shared memory, so that other threads replay and search it without a copy. */
function column<A extends Values>(
  Type: { new (buffer: SharedArrayBuffer): A; readonly BYTES_PER_ELEMENT: number },
  fill = 0,
  rows = BATCH_ROWS,
): A {
  const values = new Type(new SharedArrayBuffer(rows * Type.BYTES_PER_ELEMENT));
  return fill === 0 ? values : values.fill(fill) as A;
}

/** The sizes of a batch in half the room where all of them are whole and below 4 GiB, as they mostly are. */
function sizesOf(sizes: Float64Array): Float64Array | Uint32Array {
  const small = sizes.every((size) => size >>> 0 === size);
  const kept = small ? column(Uint32Array, 0, sizes.length) : column(Float64Array, 0, sizes.length);
  kept.set(sizes);
  return kept;
}

/** Rows being collected; a column begins to exist with the first row that says something in it. */
class Batch {
  readonly op = column(Uint8Array);
  readonly id = column(Int32Array);
  address: Float64Array | undefined;
  stream: Int32Array | undefined;
  device: Int32Array | undefined;
  timeNs: Float64Array | undefined;
  pool: Int32Array | undefined;
  site: Int32Array | undefined;
  count = 0;
}

/** Collects rows of an allocation trace into batches of typed arrays; nothing is copied when they are given out. */
export class AllocationBuilder {
  #open = new Batch();
  /** Sizes of the open batch: how much room they need is known when it is full. */
  readonly #sizes = new Float64Array(BATCH_ROWS);
  readonly #full: AllocationColumns[] = [];
  #given = 0;
  /** Stand for every column that says nothing: large traces have few of the others. */
  readonly #zeros = column(Int32Array);
  readonly #unknown = column(Float64Array, NaN);
  rows = 0;

  add(row: AllocationRow): void {
    const batch = this.#open;
    const at = batch.count++;
    batch.op[at] = row.op;
    batch.id[at] = row.id;
    this.#sizes[at] = row.size;
    if (!Number.isNaN(row.address)) (batch.address ??= column(Float64Array, NaN))[at] = row.address;
    if (row.stream !== 0) (batch.stream ??= column(Int32Array))[at] = row.stream;
    if (row.device !== 0) (batch.device ??= column(Int32Array))[at] = row.device;
    if (!Number.isNaN(row.timeNs)) (batch.timeNs ??= column(Float64Array, NaN))[at] = row.timeNs;
    if (row.pool !== 0) (batch.pool ??= column(Int32Array))[at] = row.pool;
    if (row.site >= 0) (batch.site ??= column(Int32Array, -1))[at] = row.site;
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
    (batch.site ??= column(Int32Array, -1))[at] = site;
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
    const { count, op, id, address, stream, device, timeNs, pool, site } = this.#open;
    const whole = count === BATCH_ROWS;
    const end = <A extends { slice(from: number, to: number): A }>(values: A): A =>
      whole ? values : values.slice(0, count);
    this.#full.push({
      kind: "allocations",
      count,
      op: end(op),
      id: end(id),
      size: sizesOf(this.#sizes.subarray(0, count)),
      address: end(address ?? this.#unknown),
      stream: end(stream ?? this.#zeros),
      device: end(device ?? this.#zeros),
      timeNs: end(timeNs ?? this.#unknown),
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
