import { ALLOCATION_OPS, type AllocationColumns } from "../../model/trace/allocations.ts";

/** Operation codes of the columns, by name. */
export const OP = Object.fromEntries(ALLOCATION_OPS.map((name, i) => [name, i])) as Record<
  (typeof ALLOCATION_OPS)[number],
  number
>;

/** The operations of one device, collected over batches into columns that can be replayed many times. */
export class OpList {
  op = new Uint8Array(4096);
  id = new Int32Array(4096);
  size = new Float64Array(4096);
  stream = new Int32Array(4096);
  /** Address in the recording; NaN where there is none. */
  address = new Float64Array(4096);
  timeNs = new Float64Array(4096);
  count = 0;
  /** One more than the largest allocation id. */
  ids = 0;
  /** The GPU whose operations these are; null before the first. */
  device: number | null = null;

  /** @param device GPU to keep; null for the first that the trace has. */
  feed(columns: AllocationColumns, device: number | null): void {
    if (columns.count > 0) this.device ??= device ?? columns.device[0];
    while (this.count + columns.count > this.op.length) this.#grow();
    for (let i = 0; i < columns.count; i++) {
      if (columns.device[i] !== this.device) continue;
      const at = this.count++;
      this.op[at] = columns.op[i];
      this.id[at] = columns.id[i];
      this.size[at] = columns.size[i];
      this.stream[at] = columns.stream[i];
      this.address[at] = columns.address[i];
      this.timeNs[at] = columns.timeNs[i];
      if (columns.id[i] >= this.ids) this.ids = columns.id[i] + 1;
    }
  }

  #grow(): void {
    const longer = <A extends Float64Array | Int32Array | Uint8Array>(a: A): A => {
      const grown = new (a.constructor as new (n: number) => A)(a.length * 2);
      grown.set(a as never);
      return grown;
    };
    this.op = longer(this.op);
    this.id = longer(this.id);
    this.size = longer(this.size);
    this.stream = longer(this.stream);
    this.address = longer(this.address);
    this.timeNs = longer(this.timeNs);
  }
}
