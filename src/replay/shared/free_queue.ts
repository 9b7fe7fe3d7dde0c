/** A copy of an array in one of another length, zeros behind. */
export function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}

/**
 * Queue of free blocks `1..blocks-1` as a ring in typed arrays; block 0, which is never given out, closes it.
 * Blocks that were never given out are only counted, so that a pool costs no more memory than was used of
 * it. They stand behind what was put in front and before what was put at the end.
 */
export class FreeQueue {
  readonly #blocks: number;
  #next: Int32Array<ArrayBuffer>;
  #previous: Int32Array<ArrayBuffer>;
  /** First block that was never given out. */
  #fresh = 1;
  /** Blocks that were put in front and are still there. */
  #inFront = 0;
  #size: number;

  constructor(blocks: number) {
    this.#blocks = blocks;
    this.#size = Math.max(0, blocks - 1);
    this.#next = new Int32Array(Math.min(Math.max(1, blocks), 1024));
    this.#previous = new Int32Array(this.#next.length);
  }

  get size(): number {
    return this.#size;
  }

  /** Takes the front out. @throws when the queue is empty, which its user must have ruled out. */
  shift(): number {
    if (this.#inFront > 0) this.#inFront--;
    else if (this.#fresh < this.#blocks) {
      if (this.#fresh === this.#next.length) this.#grow();
      this.#size--;
      return this.#fresh++;
    }
    const block = this.#next[0];
    if (block === 0) throw new Error("the block pool was asked for more than it has");
    this.#unlink(block);
    return block;
  }

  push(block: number): void {
    this.#link(block, this.#previous[0], 0);
  }

  unshift(block: number): void {
    this.#inFront++;
    this.#link(block, 0, this.#next[0]);
  }

  /** Takes a block out that was put at the end. */
  remove(block: number): void {
    this.#unlink(block);
  }

  /** All blocks from the front. */
  list(): number[] {
    const out: number[] = [];
    const addFresh = () => {
      for (let block = this.#fresh; block < this.#blocks; block++) out.push(block);
    };
    for (let block = this.#next[0]; block !== 0; block = this.#next[block]) {
      if (out.length === this.#inFront) addFresh();
      out.push(block);
    }
    if (out.length === this.#inFront) addFresh();
    return out;
  }

  #grow(): void {
    const length = Math.min(this.#blocks, 2 * this.#next.length);
    this.#next = grown(this.#next, length);
    this.#previous = grown(this.#previous, length);
  }
  #link(block: number, before: number, after: number): void {
    this.#previous[block] = before;
    this.#next[block] = after;
    this.#next[before] = block;
    this.#previous[after] = block;
    this.#size++;
  }
  #unlink(block: number): void {
    const after = this.#next[block];
    const before = this.#previous[block];
    this.#next[before] = after;
    this.#previous[after] = before;
    this.#size--;
  }
}
