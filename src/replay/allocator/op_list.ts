import { ALLOCATION_OPS, type AllocationColumns } from "../../model/trace/allocations.ts";

/** Operation codes of the columns, by name. */
export const OP = Object.fromEntries(ALLOCATION_OPS.map((name, i) => [name, i])) as Record<
  (typeof ALLOCATION_OPS)[number],
  number
>;

/** The operations of one device as one set of columns. */
export type FlatOps = Pick<
  AllocationColumns,
  "count" | "op" | "id" | "size" | "stream" | "address" | "timeNs" | "pool" | "site"
>;

/**
 * The operations of one device, kept as the batches they came in: nothing is copied, and they can be replayed
 * many times.
 */
export class OpList {
  readonly batches: AllocationColumns[] = [];
  /** The GPU whose operations these are; null before the first. */
  device: number | null = null;
  /** Operations of the device. */
  count = 0;
  /** One more than the largest allocation id. */
  ids = 0;

  /** @param device GPU to keep; null for the first that the trace has. */
  feed(columns: AllocationColumns, device: number | null): void {
    if (columns.count === 0) return;
    this.device ??= device ?? columns.device[0];
    let mine = 0;
    for (let i = 0; i < columns.count; i++) {
      if (columns.device[i] !== this.device) continue;
      mine++;
      if (columns.id[i] >= this.ids) this.ids = columns.id[i] + 1;
    }
    if (mine === 0) return;
    this.count += mine;
    this.batches.push(mine === columns.count ? columns : onlyDevice(columns, this.device, mine));
  }

  /** All operations in one set of columns, for random access. */
  flat(): FlatOps {
    if (this.batches.length === 1) return this.batches[0];
    const join = <A extends Float64Array | Int32Array | Uint8Array>(
      Type: new (n: number) => A,
      of: (b: AllocationColumns) => A | Uint32Array | undefined,
      missing = 0,
    ): A => {
      const out = new Type(this.count);
      let at = 0;
      for (const batch of this.batches) {
        const values = of(batch)?.subarray(0, batch.count);
        if (values === undefined) out.fill(missing as never, at, at + batch.count);
        else out.set(values as never, at);
        at += batch.count;
      }
      return out;
    };
    return {
      count: this.count,
      op: join(Uint8Array, (b) => b.op),
      id: join(Int32Array, (b) => b.id),
      size: join(Float64Array, (b) => b.size),
      stream: join(Int32Array, (b) => b.stream),
      address: join(Float64Array, (b) => b.address),
      timeNs: join(Float64Array, (b) => b.timeNs),
      pool: join(Int32Array, (b) => b.pool),
      site: join(Int32Array, (b) => b.site, -1),
    };
  }
}

function onlyDevice(columns: AllocationColumns, device: number, count: number): AllocationColumns {
  const rows = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < columns.count; i++) if (columns.device[i] === device) rows[at++] = i;
  const pick = <A extends Float64Array | Uint32Array | Int32Array | Uint8Array>(values: A): A => {
    const out = new (values.constructor as new (n: number) => A)(count);
    for (let i = 0; i < count; i++) out[i] = values[rows[i]];
    return out;
  };
  return {
    kind: "allocations",
    count,
    op: pick(columns.op),
    id: pick(columns.id),
    size: pick(columns.size),
    address: pick(columns.address),
    stream: pick(columns.stream),
    device: pick(columns.device),
    timeNs: pick(columns.timeNs),
    ...(columns.pool === undefined ? {} : { pool: pick(columns.pool) }),
    ...(columns.site === undefined ? {} : { site: pick(columns.site) }),
  };
}
