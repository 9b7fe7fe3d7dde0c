import { createMinHeap, type MinHeap } from "../shared/min_heap.ts";

/** A binary buddy allocator over units (KV slots): lowest address first, the low half is kept on a split. */
export class Buddy {
  readonly #size: number;
  readonly #min: number;
  /** Free addresses by chunk size. */
  readonly #free = new Map<number, Set<number>>();
  readonly #order = new Map<number, MinHeap>();
  readonly #held = new Map<number, number>();
  splits = 0;
  merges = 0;
  usedUnits = 0;

  /** @param size Power of two. */
  constructor(size: number, min = 1) {
    if (size < 1 || (size & (size - 1)) !== 0) {
      throw new RangeError("buddy: size is no power of two");
    }
    this.#size = size;
    this.#min = min;
    this.#put(size, 0);
  }

  /** Chunk size that a request takes. */
  chunkFor(units: number): number {
    let chunk = this.#min;
    while (chunk < units) chunk *= 2;
    return chunk;
  }

  /** Address of a chunk, or -1 when none is free. */
  allocate(units: number): number {
    const chunk = this.chunkFor(units);
    let size = chunk;
    while (size <= this.#size && (this.#free.get(size)?.size ?? 0) === 0) size *= 2;
    if (size > this.#size) return -1;
    const address = this.#lowest(size);
    this.#free.get(size)!.delete(address);
    while (size > chunk) {
      size /= 2;
      this.#put(size, address + size);
      this.splits++;
    }
    this.#held.set(address, chunk);
    this.usedUnits += chunk;
    return address;
  }

  free(address: number): void {
    const held = this.#held.get(address);
    if (held === undefined) throw new RangeError(`buddy: nothing is held at ${address}`);
    this.#held.delete(address);
    this.usedUnits -= held;
    let [at, size] = [address, held];
    // XOR by arithmetic: addresses may pass 2^31.
    const buddyOf = () => Math.floor(at / size) % 2 === 0 ? at + size : at - size;
    while (size < this.#size && this.#free.get(size)?.delete(buddyOf())) {
      at = Math.min(at, buddyOf());
      size *= 2;
      this.merges++;
    }
    this.#put(size, at);
  }

  get largestFree(): number {
    let largest = 0;
    for (const [size, set] of this.#free) if (set.size > 0 && size > largest) largest = size;
    return largest;
  }

  get freeUnits(): number {
    return this.#size - this.usedUnits;
  }

  /** Free chunks by size, largest first, addresses ascending. */
  freeChunks(): [size: number, addresses: number[]][] {
    return [...this.#free].filter(([, set]) => set.size > 0).sort((a, b) => b[0] - a[0])
      .map(([size, set]) => [size, [...set].sort((a, b) => a - b)]);
  }

  /** The lowest free chunk of a size: the heap may still hold some that merged meanwhile. */
  #lowest(size: number): number {
    const heap = this.#order.get(size)!;
    for (;;) {
      const address = heap.peekKey();
      heap.pop();
      if (this.#free.get(size)!.has(address)) return address;
    }
  }

  #put(size: number, address: number): void {
    const heap = this.#order.get(size) ?? createMinHeap();
    heap.push(address, 0);
    this.#order.set(size, heap);
    const set = this.#free.get(size) ?? new Set();
    set.add(address);
    this.#free.set(size, set);
  }
}
