import { FreeQueue, grown } from "./free_queue.ts";

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
 * order, and a map from chained block hashes to blocks. Hashes are dense numbers. Blocks are handled one by
 * one (`find`, `hold`, `take`, `register`, `giveBack`) or as the tables of requests, which are made of that.
 */
export class BlockManager {
  readonly setup: BlockManagerSetup;
  readonly #queue: FreeQueue;
  readonly #unhashedFirst: boolean;
  #references = new Int32Array(1024);
  /** Hash of a block plus one, 0 for none. */
  #hashOf = new Int32Array(1024);
  /** First block that holds a hash, 0 for none. */
  #holder = new Int32Array(1024);
  /** Blocks of one hash form a ring in the order in which they got it, so that any leaves in constant time. */
  #laterHolder = new Int32Array(1024);
  #earlierHolder = new Int32Array(1024);
  evictions = 0;

  constructor(setup: BlockManagerSetup) {
    this.setup = setup;
    this.#queue = new FreeQueue(setup.blocks);
    this.#unhashedFirst = setup.freeOrder === "split" && setup.caching;
  }

  get freeBlocks(): number {
    return this.#queue.size;
  }
  get usedBlocks(): number {
    return this.setup.blocks - 1 - this.#queue.size;
  }

  /** The block that is found under a hash, the one that got it first; 0 for none. */
  find(hash: number): number {
    return hash < this.#holder.length ? this.#holder[hash] : 0;
  }

  /** Whether nobody holds the block. */
  isIdle(block: number): boolean {
    return this.#references[block] === 0;
  }

  /** Adds a reference to a block that is held or has a hash. */
  hold(block: number): void {
    if (this.#references[block]++ === 0) this.#queue.remove(block);
  }

  /**
   * Takes the block at the front of the free queue, with one reference. When it had a hash, that is evicted
   * and pushed to `evicted`.
   */
  take(evicted?: number[]): number {
    const block = this.#queue.shift();
    if (block >= this.#references.length) this.#growBlocks();
    this.#references[block] = 1;
    const hash = this.#hashOf[block] - 1;
    if (hash >= 0) {
      this.forget(block);
      this.evictions++;
      evicted?.push(hash);
    }
    return block;
  }

  /** Registers a held block that is full under its hash. */
  register(block: number, hash: number): void {
    if (hash >= this.#holder.length) {
      this.#holder = grown(this.#holder, Math.max(hash + 1, 2 * this.#holder.length));
    }
    this.#hashOf[block] = hash + 1;
    const first = this.#holder[hash];
    if (first === 0) {
      this.#holder[hash] = this.#laterHolder[block] = this.#earlierHolder[block] = block;
      return;
    }
    const last = this.#earlierHolder[first];
    this.#laterHolder[last] = this.#earlierHolder[first] = block;
    this.#laterHolder[block] = first;
    this.#earlierHolder[block] = last;
  }

  /** Takes the hash of a held block away. */
  forget(block: number): void {
    const hash = this.#hashOf[block] - 1;
    this.#hashOf[block] = 0;
    const later = this.#laterHolder[block];
    if (later === block) {
      this.#holder[hash] = 0;
      return;
    }
    const earlier = this.#earlierHolder[block];
    this.#laterHolder[earlier] = later;
    this.#earlierHolder[later] = earlier;
    if (this.#holder[hash] === block) this.#holder[hash] = later;
  }

  /** Gives one reference back; with the last one the block becomes free, and stays to be found by its hash. */
  giveBack(block: number): void {
    if (--this.#references[block] > 0) return;
    if (this.#unhashedFirst && this.#hashOf[block] === 0) this.#queue.unshift(block);
    else this.#queue.push(block);
  }

  /** The longest run of leading hashes that are resident, at most `limit` blocks: their block ids. */
  hits(hashes: readonly number[], limit: number): number[] {
    const found: number[] = [];
    if (!this.setup.caching) return found;
    const most = Math.min(limit, hashes.length);
    while (found.length < most) {
      const block = this.find(hashes[found.length]);
      if (block === 0) break;
      found.push(block);
    }
    return found;
  }

  /** Free blocks it takes to hold `tokens` tokens of a request: new ones, and those among the hits that idle. */
  needed(request: PagedRequest, tokens: number, hitBlocks: readonly number[]): number {
    const wanted = Math.ceil(tokens / this.setup.blockTokens) - hitBlocks.length -
      request.table.length;
    let idleHits = 0;
    for (const block of hitBlocks) if (this.isIdle(block)) idleHits++;
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
    if (this.needed(request, tokens, hitBlocks) + watermark > this.freeBlocks) return false;
    for (const block of hitBlocks) {
      this.hold(block);
      request.table.push(block);
    }
    request.cached += hitBlocks.length;
    const held = Math.ceil(tokens / this.setup.blockTokens);
    while (request.table.length < held) request.table.push(this.take());
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
      this.register(request.table[request.cached], request.hashes[request.cached]);
    }
  }

  /** Gives all blocks of a request back, the last one first. */
  release(request: PagedRequest): void {
    const { table } = request;
    for (let i = table.length - 1; i >= 0; i--) {
      if (!this.#unhashedFirst || this.#hashOf[table[i]] > 0) this.giveBack(table[i]);
    }
    // As a group at the front, in the order in which they were freed.
    for (let i = 0; this.#unhashedFirst && i < table.length; i++) {
      if (this.#hashOf[table[i]] === 0) this.giveBack(table[i]);
    }
    table.length = 0;
    request.cached = 0;
  }

  /** The free queue from its front: block ids with whether they hold a hash. */
  queue(): { block: number; hashed: boolean }[] {
    return this.#queue.list().map((block) => ({ block, hashed: this.#hashOf[block] > 0 }));
  }

  #growBlocks(): void {
    const length = Math.min(this.setup.blocks, 2 * this.#references.length);
    this.#references = grown(this.#references, length);
    this.#hashOf = grown(this.#hashOf, length);
    this.#laterHolder = grown(this.#laterHolder, length);
    this.#earlierHolder = grown(this.#earlierHolder, length);
  }
}
