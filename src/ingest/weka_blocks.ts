import type { JsonCursor } from "../parse/json_cursor.ts";
import { DenseIds } from "./dense_ids.ts";

const MAX_BLOCKS = 1 << 28;
const BLOCKS_HINT = "hash_ids holds one id for every full block of the prompt: correct the session";

/** The block ids of one request after another, each given in full or as what it shares with the one before. */
export class WekaBlocks {
  readonly #ids = new DenseIds();
  /** Dense ids of the request before, and how many. */
  #blocks = new Uint32Array(4096);
  #count = 0;
  /** Dense ids of the request being read that its own text gives. */
  #fresh = new Uint32Array(4096);
  #freshCount = 0;

  /** Dense ids of the request that was assembled last; the first {@link WekaBlocks.count} count. */
  get ids(): Uint32Array {
    return this.#blocks;
  }

  get count(): number {
    return this.#count;
  }

  /** Distinct blocks so far. */
  get distinct(): number {
    return this.#ids.next;
  }

  /** Starts a session; with `local` its ids mean other blocks than the same ids before. */
  startSession(local: boolean): void {
    if (local) this.#ids.clear();
    this.#count = 0;
  }

  startRequest(): void {
    this.#freshCount = 0;
  }

  #pushFresh(dense: number): void {
    if (this.#freshCount === this.#fresh.length) {
      const grown = new Uint32Array(2 * this.#fresh.length);
      grown.set(this.#fresh);
      this.#fresh = grown;
    }
    this.#fresh[this.#freshCount++] = dense;
  }

  /** Reads `hash_ids`. */
  readIds(cursor: JsonCursor): void {
    if (!cursor.openArray("an array of block ids")) return;
    do this.#pushFresh(this.#ids.of(cursor.identifier("a block id, a whole number"))); while (
      cursor.more(0x5d)
    );
  }

  /** Ranges `[start, count]` of block ids: the compact form of a session. */
  readRanges(cursor: JsonCursor): void {
    if (!cursor.openArray("an array of ranges [start, count]")) return;
    do {
      cursor.expect(0x5b, "a range [start, count]");
      const from = cursor.whole("the first id of a range", Number.MAX_SAFE_INTEGER);
      cursor.expect(0x2c, "a comma");
      cursor.peek();
      const countAt = cursor.at;
      const count = cursor.whole("the count of a range", MAX_BLOCKS);
      cursor.expect(0x5d, 'a closing "]"');
      if (this.#freshCount + count > MAX_BLOCKS) {
        cursor.fail(`the ranges of one request hold more than ${MAX_BLOCKS} blocks`, countAt);
      }
      for (let i = 0; i < count; i++) this.#pushFresh(this.#ids.of(from + i));
    } while (cursor.more(0x5d));
  }

  /** The request's list: the first `shared` ids of the request before, then the fresh ones. */
  assemble(
    cursor: JsonCursor,
    request: { shared: number; sharedAt: number; inputTokens: number; blocksAt: number },
    blockTokens: number,
  ): void {
    const { shared, sharedAt, inputTokens, blocksAt } = request;
    if (shared > this.#count) {
      cursor.fail(
        `k is ${shared}, but the request before has ${this.#count} blocks`,
        sharedAt,
      );
    }
    const count = shared + this.#freshCount;
    const expected = Math.floor(inputTokens / blockTokens);
    if (count !== expected) {
      cursor.fail(
        `the request has ${count} block ids, but ${inputTokens} tokens are ${expected} full blocks of ` +
          `${blockTokens}`,
        blocksAt,
        BLOCKS_HINT,
      );
    }
    if (count > this.#blocks.length) {
      const grown = new Uint32Array(2 * count);
      grown.set(this.#blocks.subarray(0, shared));
      this.#blocks = grown;
    }
    this.#blocks.set(this.#fresh.subarray(0, this.#freshCount), shared);
    this.#count = count;
  }
}
