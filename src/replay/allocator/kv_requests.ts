import type { RequestColumns } from "../../model/trace/requests.ts";

/** Block ids of one batch, and the number of its first request. */
interface BatchBlocks {
  readonly first: number;
  readonly offsets: Uint32Array;
  readonly ids: Uint32Array;
}

/** The requests of a trace as a KV replay needs them, collected over batches. */
export class RequestList {
  /** By request; longer than `count`. */
  arrivalSeconds = new Float64Array(1024);
  inputTokens = new Uint32Array(1024);
  outputTokens = new Uint32Array(1024);
  readonly #keepBlocks: boolean;
  readonly #blocks: BatchBlocks[] = [];
  /** The batch that was asked last: requests are asked for in their order. */
  #at = 0;
  count = 0;
  /** Requests that could never run, and their tokens. */
  rejected = 0;
  #rejectedInput = 0;
  #rejectedOutput = 0;

  /** @param keepBlocks Whether the replay looks for prefixes; without, block ids are not held. */
  constructor(keepBlocks: boolean) {
    this.#keepBlocks = keepBlocks;
  }

  feed(columns: RequestColumns): void {
    const { count, blockOffsets, blockIds } = columns;
    this.#grow(this.count + count);
    for (let i = 0; i < count; i++) {
      this.arrivalSeconds[this.count + i] = columns.arrivalNs[i] / 1e9;
      this.inputTokens[this.count + i] = Math.max(1, columns.inputTokens[i]);
      this.outputTokens[this.count + i] = Math.max(1, columns.outputTokens[i]);
    }
    if (this.#keepBlocks && blockOffsets !== null && blockIds !== null) {
      this.#blocks.push({ first: this.count, offsets: blockOffsets, ids: blockIds });
    }
    this.count += count;
  }

  /** Block ids of the trace of a request; null when the trace has none. */
  blocksOf(request: number): Uint32Array | null {
    const batches = this.#blocks;
    while (this.#at + 1 < batches.length && batches[this.#at + 1].first <= request) this.#at++;
    while (this.#at > 0 && batches[this.#at].first > request) this.#at--;
    const batch = batches[this.#at];
    if (batch === undefined) return null;
    const row = request - batch.first;
    return batch.ids.subarray(batch.offsets[row], batch.offsets[row + 1]);
  }

  /** Notes that a request can never run: it does no work. */
  reject(request: number): void {
    this.rejected++;
    this.#rejectedInput += this.inputTokens[request];
    this.#rejectedOutput += this.outputTokens[request];
  }

  /** Tokens of the requests that were not rejected. */
  get servedTokens(): { input: number; output: number } {
    let [input, output] = [-this.#rejectedInput, -this.#rejectedOutput];
    for (let i = 0; i < this.count; i++) {
      input += this.inputTokens[i];
      output += this.outputTokens[i];
    }
    return { input, output };
  }

  /**
   * Ends generation where a context would grow beyond `tokens`; a prompt that leaves room for none is left as
   * it is.
   *
   * @returns How many requests end earlier.
   */
  endAt(tokens: number): number {
    let cut = 0;
    for (let i = 0; i < this.count; i++) {
      const room = tokens - this.inputTokens[i];
      if (room < 1 || this.outputTokens[i] <= room) continue;
      this.outputTokens[i] = room;
      cut++;
    }
    return cut;
  }

  #grow(rows: number): void {
    if (rows <= this.arrivalSeconds.length) return;
    const length = Math.max(rows, 2 * this.arrivalSeconds.length);
    const longer = <A extends Float64Array | Uint32Array>(old: A): A => {
      const grown = new (old.constructor as new (n: number) => A)(length);
      grown.set(old);
      return grown;
    };
    this.arrivalSeconds = longer(this.arrivalSeconds);
    this.inputTokens = longer(this.inputTokens);
    this.outputTokens = longer(this.outputTokens);
  }
}
