/**
 * Regions of an address space; a new one takes the lowest gap that holds it. The gaps stand in a treap by
 * address in which every node knows the largest gap below it, so that taking and giving back cost a logarithm.
 */
export class Regions {
  /** Gaps as columns; index 0 means none. */
  readonly #start: number[] = [0];
  readonly #size: number[] = [0];
  readonly #largest: number[] = [0];
  readonly #left: number[] = [0];
  readonly #right: number[] = [0];
  readonly #priority: number[] = [0];
  readonly #spare: number[] = [];
  readonly #sizeOf = new Map<number, number>();
  #root = 0;
  #random = 0x2545f491;

  constructor(base: number, size = Infinity) {
    this.#root = this.#node(base, size);
  }

  /** Address of a new region; -1 when no gap holds it. */
  take(size: number): number {
    let node = this.#root;
    if (this.#largest[node] < size) return -1;
    for (;;) {
      const left = this.#left[node];
      if (this.#largest[left] >= size) node = left;
      else if (this.#size[node] >= size) break;
      else node = this.#right[node];
    }
    const address = this.#start[node];
    this.#sizeOf.set(address, size);
    const rest = this.#size[node] - size;
    this.#erase(address);
    if (rest > 0) this.#insert(address + size, rest);
    return address;
  }

  /** Gives a region back; its size. */
  drop(address: number): number {
    const size = this.#sizeOf.get(address);
    if (size === undefined) throw new RangeError(`device: no region starts at ${address}`);
    this.#sizeOf.delete(address);
    let [start, length] = [address, size];
    const before = this.#before(address);
    if (before !== 0 && this.#start[before] + this.#size[before] === address) {
      start = this.#start[before];
      length += this.#size[before];
      this.#erase(start);
    }
    const after = this.#at(address + size);
    if (after !== 0) {
      length += this.#size[after];
      this.#erase(address + size);
    }
    this.#insert(start, length);
    return size;
  }

  /** Size of the largest gap. */
  get largestGap(): number {
    return this.#largest[this.#root];
  }

  #node(start: number, size: number): number {
    const node = this.#spare.pop() ?? this.#start.length;
    this.#start[node] = start;
    this.#size[node] = size;
    this.#largest[node] = size;
    this.#left[node] = 0;
    this.#right[node] = 0;
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    this.#priority[node] = x >>> 0;
    return node;
  }

  #update(node: number): number {
    this.#largest[node] = Math.max(
      this.#size[node],
      this.#largest[this.#left[node]],
      this.#largest[this.#right[node]],
    );
    return node;
  }

  #insert(start: number, size: number): void {
    const [before, after] = this.#split(this.#root, start);
    this.#root = this.#merge(this.#merge(before, this.#node(start, size)), after);
  }

  #erase(start: number): void {
    const [before, rest] = this.#split(this.#root, start);
    const [gone, after] = this.#split(rest, start + 0.5);
    this.#spare.push(gone);
    this.#root = this.#merge(before, after);
  }

  /** The gaps that start before an address, and the others. */
  #split(node: number, address: number): [number, number] {
    if (node === 0) return [0, 0];
    if (this.#start[node] < address) {
      const [low, high] = this.#split(this.#right[node], address);
      this.#right[node] = low;
      return [this.#update(node), high];
    }
    const [low, high] = this.#split(this.#left[node], address);
    this.#left[node] = high;
    return [low, this.#update(node)];
  }

  #merge(a: number, b: number): number {
    if (a === 0 || b === 0) return a === 0 ? b : a;
    if (this.#priority[a] > this.#priority[b]) {
      this.#right[a] = this.#merge(this.#right[a], b);
      return this.#update(a);
    }
    this.#left[b] = this.#merge(a, this.#left[b]);
    return this.#update(b);
  }

  /** The last gap that starts before an address; 0 when there is none. */
  #before(address: number): number {
    let node = this.#root;
    let found = 0;
    while (node !== 0) {
      if (this.#start[node] < address) {
        found = node;
        node = this.#right[node];
      } else node = this.#left[node];
    }
    return found;
  }

  #at(address: number): number {
    let node = this.#root;
    while (node !== 0 && this.#start[node] !== address) {
      node = this.#start[node] < address ? this.#right[node] : this.#left[node];
    }
    return node;
  }
}
