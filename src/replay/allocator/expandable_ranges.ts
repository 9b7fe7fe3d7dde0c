import type { AllocConf } from "./alloc_conf.ts";
import type { BlockTable } from "./block_table.ts";
import type { Device } from "./device.ts";

const SMALL_HANDLE = 2 * 2 ** 20;

/**
 * Address ranges that grow by mapping handles (PyTorch's ExpandableSegment): one range a pool and stream, more
 * only when one is too short. Blocks of a range lie in one list, mapped or not.
 */
export class ExpandableRanges {
  readonly #device: Device;
  readonly #t: BlockTable;
  readonly #conf: AllocConf;
  /** Start of each range. */
  readonly #bases: number[] = [];
  /** Unmapped blocks of each (pool, stream), by address. */
  readonly #unmapped = new Map<string, number[]>();

  constructor(device: Device, table: BlockTable, conf: AllocConf) {
    this.#device = device;
    this.#t = table;
    this.#conf = conf;
  }

  /** The free or unmapped block from which `size` bytes follow without a live block; -1 when there is none. */
  find(pool: number, stream: number, size: number): number {
    const t = this.#t;
    const free = (b: number) => b >= 0 && t.allocated[b] === 0 && t.pending[b] === 0;
    for (const hole of this.#unmapped.get(`${pool}/${stream}`) ?? []) {
      const start = free(t.previous[hole]) ? t.previous[hole] : hole;
      let room = 0;
      for (let b = start; room < size && free(b); b = t.next[b]) room += t.size[b];
      if (room >= size) return start;
    }
    return -1;
  }

  /** Reserves a new range: 9/8 of the device, or less where the settings say so; its one unmapped block. */
  open(pool: number, stream: number): number {
    const handle = this.#handle(pool);
    const total = this.#device.capacityBytes;
    const most = total + Math.floor(total / 8);
    const { rangeReserve } = this.#conf;
    const wanted = rangeReserve === null
      ? most
      : rangeReserve.unit === "share"
      ? Math.floor(rangeReserve.value * total)
      : rangeReserve.value;
    const size = Math.ceil(Math.min(most, wanted) / handle) * handle;
    return this.adopt(this.#device.reserve(size), size, stream, pool);
  }

  /** One unmapped block over a range that is there already. */
  adopt(address: number, size: number, stream: number, pool: number): number {
    const t = this.#t;
    const block = t.create(address, size, stream, pool);
    t.mapped[block] = 0;
    t.range[block] = this.#bases.push(address) - 1;
    this.keep(block);
    return block;
  }

  /** Maps the first handles of an unmapped block that cover `size` bytes; the bytes mapped, 0 when out of memory. */
  map(block: number, size: number): number {
    const t = this.#t;
    const handle = this.#handle(t.pool[block]);
    const handles = Math.ceil(size / handle);
    if (!this.#device.map(t.address[block], handles, handle)) return 0;
    this.forget(block);
    const mapped = handles * handle;
    if (mapped < t.size[block]) this.keep(t.cut(block, t.address[block] + mapped));
    t.mapped[block] = 1;
    return mapped;
  }

  /** The whole handles inside a block; null when there are none. */
  wholeHandles(block: number): { address: number; size: number } | null {
    const t = this.#t;
    const handle = this.#handle(t.pool[block]);
    const base = this.#bases[t.range[block]];
    const first = Math.ceil((t.address[block] - base) / handle);
    const end = Math.floor((t.address[block] + t.size[block] - base) / handle);
    if (first >= end) return null;
    return { address: base + first * handle, size: (end - first) * handle };
  }

  /** Unmaps a block that consists of whole handles; the caller merges it and calls {@link keep}. */
  unmap(block: number): void {
    const t = this.#t;
    const handle = this.#handle(t.pool[block]);
    this.#device.unmap(t.address[block], t.size[block] / handle, handle);
    t.mapped[block] = 0;
  }

  /** Gives the address space of a wholly unmapped range back. */
  close(block: number): void {
    this.forget(block);
    this.#device.unreserve(this.#t.address[block]);
  }

  keep(block: number): void {
    const t = this.#t;
    const key = `${t.pool[block]}/${t.stream[block]}`;
    const holes = this.#unmapped.get(key) ?? [];
    this.#unmapped.set(key, holes);
    const at = holes.findIndex((h) => t.address[h] > t.address[block]);
    holes.splice(at < 0 ? holes.length : at, 0, block);
  }

  forget(block: number): void {
    const t = this.#t;
    const holes = this.#unmapped.get(`${t.pool[block]}/${t.stream[block]}`)!;
    holes.splice(holes.indexOf(block), 1);
  }

  #handle(pool: number): number {
    return (pool & 1) === 0 ? SMALL_HANDLE : this.#conf.largeSegmentBytes;
  }
}
