import type { BlockTable } from "./block_table.ts";

/** An event between a freed block and a stream that still uses it. */
interface PendingEvent {
  readonly block: number;
  done: boolean;
}

/** Frees that must wait for other streams (record_stream): one event a block and stream, in order. */
export class StreamEvents {
  readonly #t: BlockTable;
  readonly #freed: (block: number) => void;
  readonly #uses = new Map<number, Set<number>>();
  readonly #queues = new Map<number, PendingEvent[]>();

  /** @param freed Called when the last event of a block has passed. */
  constructor(table: BlockTable, freed: (block: number) => void) {
    this.#t = table;
    this.#freed = freed;
  }

  use(block: number, stream: number): void {
    const uses = this.#uses.get(block) ?? new Set();
    uses.add(stream);
    this.#uses.set(block, uses);
  }

  /** Lets the free of a block wait for the streams that use it; false when there are none. */
  defer(block: number): boolean {
    if (this.#uses.size === 0) return false;
    const uses = this.#uses.get(block);
    if (uses === undefined) return false;
    this.#uses.delete(block);
    for (const stream of uses) {
      this.#t.pending[block]++;
      const queue = this.#queues.get(stream) ?? [];
      queue.push({ block, done: false });
      this.#queues.set(stream, queue);
    }
    return true;
  }

  /** All work given to a stream so far is done; {@link process} takes note. */
  done(stream: number): void {
    for (const event of this.#queues.get(stream) ?? []) event.done = true;
  }

  process(): void {
    if (this.#queues.size === 0) return;
    for (const [stream, queue] of this.#queues) {
      let done = 0;
      while (done < queue.length && queue[done].done) this.#finish(queue[done++].block);
      if (done === queue.length) this.#queues.delete(stream);
      else if (done > 0) queue.splice(0, done);
    }
  }

  /** Waits for every stream. */
  finishAll(): void {
    for (const queue of [...this.#queues.values()]) for (const e of queue) this.#finish(e.block);
    this.#queues.clear();
  }

  #finish(block: number): void {
    if (--this.#t.pending[block] === 0) this.#freed(block);
  }
}
