import type { RequestColumns } from "../model/trace/requests.ts";

/** Rows of a batch; a batch also ends when its expanded block lists pass {@link BATCH_BLOCKS}. */
const BATCH_ROWS = 65536;
const BATCH_BLOCKS = 1 << 21;

/** A batch as kept in memory: block lists as a prefix shared with the request before, then runs. */
interface PackedBatch {
  readonly columns: Omit<RequestColumns, "blockOffsets" | "blockIds">;
  readonly blocks: number;
  readonly shared: Uint32Array;
  readonly runOffsets: Uint32Array;
  readonly runs: Uint32Array;
}

/** One request, without its blocks. */
export interface RequestRow {
  arrivalNs: number;
  inputTokens: number;
  outputTokens: number;
  session: number;
  turn: number;
  thinkNs: number;
}

/**
 * Collects requests in little memory: an agent's next prompt repeats nearly all blocks of the one before,
 * and new blocks have consecutive dense ids, so 94 million references of the WEKA sessions take some tens of
 * megabytes. {@link RequestBuilder.batches} expands one batch at a time.
 */
export class RequestBuilder {
  readonly #hasBlocks: boolean;
  readonly #packed: PackedBatch[] = [];
  #arrival = new Float64Array(BATCH_ROWS);
  #input = new Uint32Array(BATCH_ROWS);
  #output = new Uint32Array(BATCH_ROWS);
  #session = new Int32Array(BATCH_ROWS);
  #turn = new Int32Array(BATCH_ROWS);
  #think = new Float64Array(BATCH_ROWS);
  #shared = new Uint32Array(BATCH_ROWS);
  #runOffsets = new Uint32Array(BATCH_ROWS + 1);
  #runs = new Uint32Array(BATCH_ROWS);
  #runEnd = 0;
  #count = 0;
  #blocks = 0;
  #rows = 0;
  #references = 0;
  #previous = new Uint32Array(1024);
  #previousLength = 0;

  constructor(hasBlocks: boolean) {
    this.#hasBlocks = hasBlocks;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Block references over all requests. */
  get references(): number {
    return this.#references;
  }

  /** Adds a request; `blocks[0..length]` are its dense block ids. */
  add(row: RequestRow, blocks: Uint32Array, length: number): void {
    const i = this.#count;
    this.#arrival[i] = row.arrivalNs;
    this.#input[i] = row.inputTokens;
    this.#output[i] = row.outputTokens;
    this.#session[i] = row.session;
    this.#turn[i] = row.turn;
    this.#think[i] = row.thinkNs;
    if (this.#hasBlocks) this.#addBlocks(blocks, length);
    this.#count++;
    this.#rows++;
    if (this.#count === BATCH_ROWS || this.#blocks >= BATCH_BLOCKS) this.#flush();
  }

  #addBlocks(blocks: Uint32Array, length: number): void {
    const previous = this.#previous;
    const limit = Math.min(length, this.#previousLength);
    let shared = 0;
    while (shared < limit && blocks[shared] === previous[shared]) shared++;
    this.#shared[this.#count] = shared;
    this.#runOffsets[this.#count] = this.#runEnd;
    let j = shared;
    while (j < length) {
      const start = blocks[j];
      let run = 1;
      while (j + run < length && blocks[j + run] === start + run) run++;
      if (this.#runEnd + 2 > this.#runs.length) {
        const grown = new Uint32Array(2 * this.#runs.length);
        grown.set(this.#runs);
        this.#runs = grown;
      }
      this.#runs[this.#runEnd++] = start;
      this.#runs[this.#runEnd++] = run;
      j += run;
    }
    if (length > previous.length) this.#previous = new Uint32Array(2 * length);
    this.#previous.set(blocks.subarray(0, length));
    this.#previousLength = length;
    this.#blocks += length;
    this.#references += length;
  }

  #flush(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#runOffsets[count] = this.#runEnd;
    this.#packed.push({
      columns: {
        kind: "requests",
        count,
        arrivalNs: this.#arrival.slice(0, count),
        inputTokens: this.#input.slice(0, count),
        outputTokens: this.#output.slice(0, count),
        session: this.#session.slice(0, count),
        turn: this.#turn.slice(0, count),
        thinkNs: this.#think.slice(0, count),
      },
      blocks: this.#blocks,
      shared: this.#hasBlocks ? this.#shared.slice(0, count) : new Uint32Array(0),
      runOffsets: this.#hasBlocks ? this.#runOffsets.slice(0, count + 1) : new Uint32Array(0),
      runs: this.#runs.slice(0, this.#runEnd),
    });
    this.#count = 0;
    this.#blocks = 0;
    this.#runEnd = 0;
    // Each batch stands for itself.
    this.#previousLength = 0;
  }

  /** The batches, each expanded when it is asked for; may be called again. Call after the last `add`. */
  async *batches(): AsyncGenerator<RequestColumns> {
    this.#flush();
    for (const batch of this.#packed) yield await Promise.resolve(this.#expand(batch));
  }

  /** Batches that are full, expanded and forgotten; with `all` also the last one. For streaming. */
  *take(all: boolean): Generator<RequestColumns> {
    if (all) this.#flush();
    for (const batch of this.#packed.splice(0)) yield this.#expand(batch);
  }

  #expand(batch: PackedBatch): RequestColumns {
    if (!this.#hasBlocks) return { ...batch.columns, blockOffsets: null, blockIds: null };
    const { count } = batch.columns;
    const blockOffsets = new Uint32Array(count + 1);
    const blockIds = new Uint32Array(batch.blocks);
    let at = 0;
    for (let i = 0; i < count; i++) {
      blockOffsets[i] = at;
      const before = i === 0 ? 0 : blockOffsets[i - 1];
      blockIds.copyWithin(at, before, before + batch.shared[i]);
      at += batch.shared[i];
      for (let r = batch.runOffsets[i]; r < batch.runOffsets[i + 1]; r += 2) {
        const start = batch.runs[r];
        const run = batch.runs[r + 1];
        for (let n = 0; n < run; n++) blockIds[at++] = start + n;
      }
    }
    blockOffsets[count] = at;
    return { ...batch.columns, blockOffsets, blockIds };
  }
}
