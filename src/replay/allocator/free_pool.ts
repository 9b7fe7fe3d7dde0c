import type { BlockTable } from "./block_table.ts";

/**
 * The free blocks of one pool in the order (stream, size, address): a treap over the block table, so that
 * insertion, removal and best fit cost a logarithm each.
 */
export class FreePool {
  readonly #t: BlockTable;
  #root = -1;
  #size = 0;
  /** Searches of this pool while garbage collection is on. */
  calls = 0;

  constructor(table: BlockTable) {
    this.#t = table;
  }

  get size(): number {
    return this.#size;
  }

  #less(a: number, b: number): boolean {
    const t = this.#t;
    if (t.stream[a] !== t.stream[b]) return t.stream[a] < t.stream[b];
    if (t.size[a] !== t.size[b]) return t.size[a] < t.size[b];
    return t.address[a] < t.address[b];
  }

  insert(block: number): void {
    this.#t.left[block] = this.#t.right[block] = -1;
    this.#root = this.#insert(this.#root, block);
    this.#size++;
  }

  #insert(node: number, block: number): number {
    if (node < 0) return block;
    const t = this.#t;
    if (this.#less(block, node)) {
      const child = this.#insert(t.left[node], block);
      t.left[node] = child;
      if (t.priority[child] > t.priority[node]) {
        t.left[node] = t.right[child];
        t.right[child] = node;
        return child;
      }
    } else {
      const child = this.#insert(t.right[node], block);
      t.right[node] = child;
      if (t.priority[child] > t.priority[node]) {
        t.right[node] = t.left[child];
        t.left[child] = node;
        return child;
      }
    }
    return node;
  }

  remove(block: number): void {
    const t = this.#t;
    const merged = this.#merge(t.left[block], t.right[block]);
    if (this.#root === block) {
      this.#root = merged;
    } else {
      let node = this.#root;
      for (;;) {
        const goLeft = this.#less(block, node);
        const child = goLeft ? t.left[node] : t.right[node];
        if (child === block) {
          if (goLeft) t.left[node] = merged;
          else t.right[node] = merged;
          break;
        }
        if (child < 0) throw new RangeError("free pool: the block is not in it");
        node = child;
      }
    }
    this.#size--;
  }

  #merge(a: number, b: number): number {
    if (a < 0) return b;
    if (b < 0) return a;
    const t = this.#t;
    if (t.priority[a] > t.priority[b]) {
      t.right[a] = this.#merge(t.right[a], b);
      return a;
    }
    t.left[b] = this.#merge(a, t.left[b]);
    return b;
  }

  /** First block with key >= (stream, size, lowest address); -1 when there is none. */
  lowerBound(stream: number, size: number): number {
    const t = this.#t;
    let node = this.#root;
    let found = -1;
    while (node >= 0) {
      const before = t.stream[node] < stream ||
        (t.stream[node] === stream && t.size[node] < size);
      if (before) {
        node = t.right[node];
      } else {
        found = node;
        node = t.left[node];
      }
    }
    return found;
  }

  /** The last block before a key (stream, size); -1 when there is none. */
  lastBefore(stream: number, size: number): number {
    const t = this.#t;
    let node = this.#root;
    let found = -1;
    while (node >= 0) {
      const before = t.stream[node] < stream ||
        (t.stream[node] === stream && t.size[node] < size);
      if (before) {
        found = node;
        node = t.right[node];
      } else {
        node = t.left[node];
      }
    }
    return found;
  }

  /** The block before another one; -1 when it is the first. */
  predecessor(block: number): number {
    const t = this.#t;
    let node = this.#root;
    let found = -1;
    while (node >= 0) {
      if (this.#less(node, block)) {
        found = node;
        node = t.right[node];
      } else {
        node = t.left[node];
      }
    }
    return found;
  }

  /** The block after another one; -1 when it is the last. */
  successor(block: number): number {
    const t = this.#t;
    let node = this.#root;
    let found = -1;
    while (node >= 0) {
      if (this.#less(block, node)) {
        found = node;
        node = t.left[node];
      } else {
        node = t.right[node];
      }
    }
    return found;
  }

  /** Size of the largest block of any stream; 0 when there is none. */
  largest(): number {
    const t = this.#t;
    let most = 0;
    // The last block of each stream is its largest.
    let block = this.lastBefore(Infinity, 0);
    while (block >= 0) {
      if (t.size[block] > most) most = t.size[block];
      block = this.lastBefore(t.stream[block], 0);
    }
    return most;
  }

  /** All blocks in order. */
  toArray(): number[] {
    const out: number[] = [];
    const stack: number[] = [];
    let node = this.#root;
    while (node >= 0 || stack.length > 0) {
      while (node >= 0) {
        stack.push(node);
        node = this.#t.left[node];
      }
      node = stack.pop()!;
      out.push(node);
      node = this.#t.right[node];
    }
    return out;
  }
}
