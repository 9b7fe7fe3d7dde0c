/** A request as the block manager knows it. */
export interface PagedRequest {
  /** Block ids in order. */
  readonly table: number[];
  /** Chained hashes of the full blocks of its tokens, known ones first; empty without prefix caching. */
  readonly hashes: readonly number[];
  /** How many blocks of the table are registered under their hash. */
  cached: number;
}

export interface BlockManagerSetup {
  /** Blocks in all; block 0 is the null block and is never given out. */
  readonly blocks: number;
  readonly blockTokens: number;
  readonly caching: boolean;
  /**
   * Order of freed blocks: `split` puts unhashed blocks at the front of the queue and hashed ones at its end
   * (vLLM 0.24 and later), `append` puts all at the end.
   */
  readonly freeOrder: "split" | "append";
}

/**
 * The KV cache manager of vLLM V1: blocks with reference counts, a free queue that is also the eviction
 * order, and a map from chained block hashes to blocks. Hashes are dense numbers.
 */
export class BlockManager {
  readonly setup: BlockManagerSetup;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #references: Int32Array;
  readonly #hashOf: Int32Array;
  /** Blocks that hold a hash; several may. */
  readonly #holders = new Map<number, number[]>();
  #free = 0;
  evictions = 0;

  constructor(setup: BlockManagerSetup) {
    this.setup = setup;
    const n = setup.blocks;
    // Index n is the sentinel of the circular free queue.
    this.#next = new Int32Array(n + 1);
    this.#previous = new Int32Array(n + 1);
    this.#references = new Int32Array(n);
    this.#hashOf = new Int32Array(n).fill(-1);
    this.#next[n] = this.#previous[n] = n;
    for (let block = 1; block < n; block++) this.#append(block);
  }

  get freeBlocks(): number {
    return this.#free;
  }
  get usedBlocks(): number {
    return this.setup.blocks - 1 - this.#free;
  }

  /** The longest run of leading hashes that are resident, at most `limit` blocks: their block ids. */
  hits(hashes: readonly number[], limit: number): number[] {
    const found: number[] = [];
    if (!this.setup.caching) return found;
    while (found.length < Math.min(limit, hashes.length)) {
      const holders = this.#holders.get(hashes[found.length]);
      if (holders === undefined) break;
      found.push(holders[0]);
    }
    return found;
  }

  /** Free blocks it takes to hold `tokens` tokens of a request: new ones, and those among the hits that idle. */
  needed(request: PagedRequest, tokens: number, hitBlocks: readonly number[]): number {
    const wanted = Math.ceil(tokens / this.setup.blockTokens) - hitBlocks.length -
      request.table.length;
    let idleHits = 0;
    for (const block of hitBlocks) if (this.#references[block] === 0) idleHits++;
    return Math.max(0, wanted) + idleHits;
  }

  /**
   * Gives a request the blocks for `tokens` tokens in all, the hit blocks included.
   *
   * @param watermark Blocks that must stay free.
   * @returns false, with nothing changed, when there are too few.
   */
  allocate(
    request: PagedRequest,
    tokens: number,
    hitBlocks: readonly number[] = [],
    watermark = 0,
  ): boolean {
    if (this.needed(request, tokens, hitBlocks) + watermark > this.#free) return false;
    for (const block of hitBlocks) {
      if (this.#references[block]++ === 0) this.#unlink(block);
      request.table.push(block);
    }
    request.cached += hitBlocks.length;
    const held = Math.ceil(tokens / this.setup.blockTokens);
    while (request.table.length < held) request.table.push(this.#take());
    return true;
  }

  /** Registers the blocks that are full once `tokens` tokens are written. */
  cacheFull(request: PagedRequest, tokens: number): void {
    if (!this.setup.caching) return;
    const full = Math.min(
      Math.floor(tokens / this.setup.blockTokens),
      request.hashes.length,
      request.table.length,
    );
    for (; request.cached < full; request.cached++) {
      const block = request.table[request.cached];
      const hash = request.hashes[request.cached];
      this.#hashOf[block] = hash;
      const holders = this.#holders.get(hash);
      if (holders === undefined) this.#holders.set(hash, [block]);
      else holders.push(block);
    }
  }

  /** Gives all blocks of a request back, the last one first. */
  release(request: PagedRequest): void {
    const split = this.setup.freeOrder === "split" && this.setup.caching;
    const unhashed: number[] = [];
    for (let i = request.table.length - 1; i >= 0; i--) {
      const block = request.table[i];
      if (--this.#references[block] > 0) continue;
      if (split && this.#hashOf[block] < 0) unhashed.push(block);
      else this.#append(block);
    }
    // As a group at the front, in the order in which they were freed.
    for (let i = unhashed.length - 1; i >= 0; i--) this.#prepend(unhashed[i]);
    request.table.length = 0;
    request.cached = 0;
  }

  /** The free queue from its front: block ids with whether they hold a hash. */
  queue(): { block: number; hashed: boolean }[] {
    const out = [];
    const end = this.setup.blocks;
    for (let b = this.#next[end]; b !== end; b = this.#next[b]) {
      out.push({ block: b, hashed: this.#hashOf[b] >= 0 });
    }
    return out;
  }

  #take(): number {
    const block = this.#next[this.setup.blocks];
    this.#unlink(block);
    this.#references[block] = 1;
    const hash = this.#hashOf[block];
    if (hash >= 0) {
      this.#hashOf[block] = -1;
      this.evictions++;
      const holders = this.#holders.get(hash)!;
      if (holders.length === 1) this.#holders.delete(hash);
      else holders.splice(holders.indexOf(block), 1);
    }
    return block;
  }

  #append(block: number): void {
    const end = this.setup.blocks;
    this.#link(block, this.#previous[end], end);
  }
  #prepend(block: number): void {
    const end = this.setup.blocks;
    this.#link(block, end, this.#next[end]);
  }
  #link(block: number, before: number, after: number): void {
    this.#previous[block] = before;
    this.#next[block] = after;
    this.#next[before] = block;
    this.#previous[after] = block;
    this.#free++;
  }
  #unlink(block: number): void {
    this.#next[this.#previous[block]] = this.#next[block];
    this.#previous[this.#next[block]] = this.#previous[block];
    this.#free--;
  }
}
