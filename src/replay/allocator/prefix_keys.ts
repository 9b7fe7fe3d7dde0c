import type { Element } from "./radix_tree.ts";

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Prompts as paths of a tree of prefixes. An element is a run of tokens that ends both a block of the trace
 * (inside one nothing is known) and a page of the pool (a part of one is not shared); where pages are whole
 * parts of a block, it is a block.
 */
export class PrefixKeys {
  readonly #pageTokens: number;
  readonly #blockTokens: number | null;
  /** Blocks of the trace in one element. */
  readonly #together: number;
  readonly #groups = new Map<string, number>();
  #nextOwn = -1;

  /** @param blockTokens Tokens of a block of the trace; null when it has none. */
  constructor(pageTokens: number, blockTokens: number | null) {
    this.#pageTokens = pageTokens;
    this.#blockTokens = blockTokens;
    this.#together = blockTokens === null
      ? 1
      : pageTokens / greatestCommonDivisor(pageTokens, blockTokens);
  }

  /** Tokens of an element; null when no prompt can be compared with another. */
  get unitTokens(): number | null {
    return this.#blockTokens === null ? null : this.#together * this.#blockTokens;
  }

  /** Slots of the pages that hold so many tokens. */
  paged(tokens: number): number {
    return Math.ceil(tokens / this.#pageTokens) * this.#pageTokens;
  }

  /** Tokens that no other request has. */
  own(tokens: number): Element {
    return { id: this.#nextOwn--, tokens: this.paged(tokens) };
  }

  /** A prompt of `prompt` tokens; some traces name only its full blocks: what follows is the request's own. */
  of(prompt: number, blocks: Uint32Array | null): Element[] {
    const unit = this.unitTokens;
    if (blocks === null || unit === null) return [this.own(prompt)];
    const key: Element[] = [];
    let at = 0;
    for (let i = 0; i + this.#together <= blocks.length && at < prompt; i += this.#together) {
      const tokens = Math.min(unit, prompt - at);
      // A page that the prompt does not fill is shared with an equal end only where it is one block.
      if (tokens < unit && this.#together > 1) break;
      key.push({ id: this.#idOf(blocks, i), tokens: this.paged(tokens) });
      at += tokens;
    }
    if (at < prompt) key.push(this.own(prompt - at));
    return key;
  }

  #idOf(blocks: Uint32Array, from: number): number {
    if (this.#together === 1) return blocks[from];
    const text = blocks.subarray(from, from + this.#together).join();
    let id = this.#groups.get(text);
    if (id === undefined) {
      id = this.#groups.size;
      this.#groups.set(text, id);
    }
    return id;
  }
}
