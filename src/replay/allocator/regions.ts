/** Regions of an address space; a new one takes the lowest gap that holds it. */
export class Regions {
  readonly #base: number;
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];

  constructor(base: number) {
    this.#base = base;
  }

  take(size: number): number {
    let at = 0;
    let address = this.#base;
    while (at < this.#starts.length && this.#starts[at] - address < size) {
      address = this.#starts[at] + this.#sizes[at];
      at++;
    }
    this.#starts.splice(at, 0, address);
    this.#sizes.splice(at, 0, size);
    return address;
  }

  /** Gives a region back; its size. */
  drop(address: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] < address) low = middle + 1;
      else high = middle;
    }
    if (this.#starts[low] !== address) {
      throw new RangeError(`device: no region starts at ${address}`);
    }
    const size = this.#sizes[low];
    this.#starts.splice(low, 1);
    this.#sizes.splice(low, 1);
    return size;
  }
}
