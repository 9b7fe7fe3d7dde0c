const BLOCK_LIMIT = 2 ** 26;
const PARENT_LIMIT = 2 ** 26;

/**
 * Chained block hashes of requests, as dense numbers, from the block ids of a trace. The trace's own block
 * size is kept: its ids cannot be refined. Blocks that decoding fills get numbers of their own.
 */
export class PrefixHashes {
  readonly #children = new Map<number | string, number>();
  #count = 0;

  /** Hashes of the full blocks of a prompt of `tokens` tokens, then of the blocks that decoding fills. */
  of(blocks: Uint32Array, tokens: number, total: number, blockTokens: number): number[] {
    const hashes: number[] = [];
    let parent = -1;
    const full = Math.min(blocks.length, Math.floor(tokens / blockTokens));
    for (let i = 0; i < full; i++) {
      // One number holds both where they are small enough; text costs four times as much.
      const key = blocks[i] < BLOCK_LIMIT && parent < PARENT_LIMIT
        ? (parent + 1) * BLOCK_LIMIT + blocks[i]
        : `${parent} ${blocks[i]}`;
      let hash = this.#children.get(key);
      if (hash === undefined) {
        hash = this.#count++;
        this.#children.set(key, hash);
      }
      hashes.push(hash);
      parent = hash;
    }
    const all = Math.floor(total / blockTokens);
    while (hashes.length < all) hashes.push(this.#count++);
    return hashes;
  }
}
