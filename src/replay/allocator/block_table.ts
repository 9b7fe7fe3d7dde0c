/**
 * Memory blocks as columns: a block is a number, its attributes stand in typed arrays that grow together.
 * -1 means none.
 */
export class BlockTable {
  address = new Float64Array(1024);
  size = new Float64Array(1024);
  requested = new Float64Array(1024);
  /** Neighbours inside the segment. */
  previous = new Int32Array(1024);
  next = new Int32Array(1024);
  stream = new Int32Array(1024);
  /** Twice the number of the pool (0, or a private one), and one more for its large half. */
  pool = new Int32Array(1024);
  allocated = new Uint8Array(1024);
  /** Events that must pass before a freed block is free. */
  pending = new Int32Array(1024);
  /** 0 for address space without memory behind it (expandable segments). */
  mapped = new Uint8Array(1024);
  /** The expandable range a block lies in; -1 for a segment of its own. */
  range = new Int32Array(1024);
  /** Calls to the pool when the block was put into it. */
  gcBase = new Float64Array(1024);
  /** Tree links of the free pools. */
  left = new Int32Array(1024);
  right = new Int32Array(1024);
  priority = new Uint32Array(1024);
  #count = 0;
  readonly #spare: number[] = [];
  #random = 0x9e3779b9;

  create(address: number, size: number, stream: number, pool: number): number {
    let block = this.#spare.pop();
    if (block === undefined) {
      block = this.#count++;
      if (block === this.address.length) this.#grow();
    }
    this.address[block] = address;
    this.size[block] = size;
    this.requested[block] = 0;
    this.previous[block] = -1;
    this.next[block] = -1;
    this.stream[block] = stream;
    this.pool[block] = pool;
    this.allocated[block] = 0;
    this.pending[block] = 0;
    this.mapped[block] = 1;
    this.range[block] = -1;
    this.gcBase[block] = 0;
    this.left[block] = -1;
    this.right[block] = -1;
    // xorshift32: the shape of the trees is random but the same in every run.
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    this.priority[block] = x >>> 0;
    return block;
  }

  /** Splits a block at an address inside it; the number of the new right part. */
  cut(block: number, at: number): number {
    const left = at - this.address[block];
    const right = this.create(
      at,
      this.size[block] - left,
      this.stream[block],
      this.pool[block],
    );
    this.mapped[right] = this.mapped[block];
    this.range[right] = this.range[block];
    this.size[block] = left;
    this.previous[right] = block;
    this.next[right] = this.next[block];
    if (this.next[block] >= 0) this.previous[this.next[block]] = right;
    this.next[block] = right;
    return right;
  }

  /** Merges with the left neighbour; the block keeps its number. */
  absorbPrevious(block: number): void {
    const gone = this.previous[block];
    this.address[block] = this.address[gone];
    this.size[block] += this.size[gone];
    this.previous[block] = this.previous[gone];
    if (this.previous[gone] >= 0) this.next[this.previous[gone]] = block;
    this.release(gone);
  }

  /** Merges with the right neighbour; the block keeps its number. */
  absorbNext(block: number): void {
    const gone = this.next[block];
    this.size[block] += this.size[gone];
    this.next[block] = this.next[gone];
    if (this.next[gone] >= 0) this.previous[this.next[gone]] = block;
    this.release(gone);
  }

  release(block: number): void {
    this.#spare.push(block);
  }

  #grow(): void {
    const longer = <A extends Float64Array | Int32Array | Uint8Array | Uint32Array>(a: A): A => {
      const grown = new (a.constructor as new (n: number) => A)(a.length * 2);
      grown.set(a as never);
      return grown;
    };
    this.address = longer(this.address);
    this.size = longer(this.size);
    this.requested = longer(this.requested);
    this.previous = longer(this.previous);
    this.next = longer(this.next);
    this.stream = longer(this.stream);
    this.pool = longer(this.pool);
    this.allocated = longer(this.allocated);
    this.pending = longer(this.pending);
    this.mapped = longer(this.mapped);
    this.range = longer(this.range);
    this.gcBase = longer(this.gcBase);
    this.left = longer(this.left);
    this.right = longer(this.right);
    this.priority = longer(this.priority);
  }
}
