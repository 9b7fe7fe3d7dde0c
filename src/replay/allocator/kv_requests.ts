import type { RequestColumns } from "../../model/trace/requests.ts";

/** The requests of a trace as a KV replay needs them, collected over batches. */
export class RequestList {
  readonly arrivalSeconds: number[] = [];
  readonly inputTokens: number[] = [];
  readonly outputTokens: number[] = [];
  /** Block ids of the trace of each request; null when the trace has none. */
  readonly blocks: (Uint32Array | null)[] = [];

  get count(): number {
    return this.inputTokens.length;
  }

  feed(columns: RequestColumns): void {
    for (let i = 0; i < columns.count; i++) {
      this.arrivalSeconds.push(columns.arrivalNs[i] / 1e9);
      this.inputTokens.push(Math.max(1, columns.inputTokens[i]));
      this.outputTokens.push(Math.max(1, columns.outputTokens[i]));
      const { blockOffsets, blockIds } = columns;
      this.blocks.push(
        blockOffsets === null || blockIds === null
          ? null
          : blockIds.slice(blockOffsets[i], blockOffsets[i + 1]),
      );
    }
  }

  /**
   * Ends generation where a context would grow beyond `tokens`; a prompt that leaves room for none is left as
   * it is.
   *
   * @returns How many requests end earlier.
   */
  endAt(tokens: number): number {
    let cut = 0;
    for (const [i, prompt] of this.inputTokens.entries()) {
      const room = tokens - prompt;
      if (room < 1 || this.outputTokens[i] <= room) continue;
      this.outputTokens[i] = room;
      cut++;
    }
    return cut;
  }
}
