import { createMinHeap } from "../shared/min_heap.ts";
import type { Sequence } from "./request.ts";
import type { DecodeLoad } from "./timing.ts";

/**
 * The sequences that decode together. All of them gain one token a step, so a sequence's end is a step
 * number, the total context grows by their number, and the blocks that a run of steps needs follow from
 * how far each sequence is into its last block: nothing is updated a token.
 */
export interface DecodeBatch extends DecodeLoad {
  /** Steps until the first sequence ends; Infinity when empty. */
  stepsToFirstEnd(): number;
  /** Steps until the first sequence reaches the window; Infinity when none will. */
  stepsToWindow(): number;
  /** How many of the next `steps` steps can be taken with that many new blocks. */
  stepsWithin(steps: number, blocks: number): number;
  /** New blocks that the next `steps` steps need. */
  blocksFor(steps: number): number;
  join(sequence: Sequence): void;
  /** Takes the steps; the sequences that end are handed out (out of the batch already). */
  take(steps: number, ended: (sequence: Sequence) => void): void;
  /** Takes out the sequence that was started last. */
  preemptYoungest(): Sequence;
  /** Blocks beside its list that a sequence of the batch, or one just taken out, holds. */
  heldBlocks(sequence: Sequence): number;
}

/** Makes an empty batch; `window` are the tokens of a sliding window, 0 without one. */
export function createDecodeBatch(blockTokens: number, window = 0): DecodeBatch {
  const sequences: Sequence[] = [];
  const ends = createMinHeap();
  // The heap holds entry numbers; an entry whose sequence left early is null.
  const entries: (Sequence | null)[] = [];
  const freeEntries: number[] = [];
  // How many sequences need their next block at steps s with s mod blockTokens = i.
  const due = new Int32Array(blockTokens);
  // Sequences shorter than the window by the step at which they reach it; null: left before.
  const reaching = createMinHeap();
  const shorter: (Sequence | null)[] = [];
  const freeShorter: number[] = [];
  let step = 0;
  let context = 0;
  let windowContext = 0;
  let growing = 0;

  const phaseOf = (sequence: Sequence): number => {
    // Stored tokens at step s are target + s - joinStep; a block is due when they fill the blocks.
    const phase = (sequence.joinStep - sequence.target) % blockTokens;
    return phase < 0 ? phase + blockTokens : phase;
  };
  const leave = (sequence: Sequence): void => {
    const last = sequences.pop()!;
    if (last !== sequence) {
      sequences[sequence.slot] = last;
      last.slot = sequence.slot;
    }
    sequence.slot = -1;
    due[phaseOf(sequence)]--;
    const steps = step - sequence.joinStep;
    context -= sequence.target + steps;
    windowContext -= Math.min(window, sequence.target + steps);
    if (sequence.windowEntry >= 0) {
      shorter[sequence.windowEntry] = null;
      sequence.windowEntry = -1;
      growing--;
    }
    sequence.generated += steps;
  };
  const joinWindow = (sequence: Sequence): void => {
    windowContext += Math.min(window, sequence.target);
    if (sequence.target >= window) return;
    const entry = freeShorter.pop() ?? shorter.length;
    shorter[entry] = sequence;
    sequence.windowEntry = entry;
    growing++;
    reaching.push(step + window - sequence.target, entry);
  };
  /** Those that have reached the window grow no more. */
  const passWindow = (): void => {
    while (reaching.peekKey() <= step) {
      const entry = reaching.pop();
      const sequence = shorter[entry];
      freeShorter.push(entry);
      if (sequence === null) continue;
      sequence.windowEntry = -1;
      growing--;
    }
  };
  const blocksFor = (steps: number): number => {
    const rounds = Math.floor(steps / blockTokens);
    let blocks = rounds * sequences.length;
    for (let s = step + rounds * blockTokens; s < step + steps; s++) blocks += due[s % blockTokens];
    return blocks;
  };
  return {
    get size() {
      return sequences.length;
    },
    get context() {
      return context;
    },
    get windowContext() {
      return windowContext;
    },
    get growing() {
      return growing;
    },
    stepsToWindow() {
      while (reaching.size > 0 && shorter[reaching.peekValue()] === null) {
        freeShorter.push(reaching.pop());
      }
      return reaching.peekKey() - step;
    },
    stepsToFirstEnd() {
      while (ends.size > 0 && entries[ends.peekValue()] === null) freeEntries.push(ends.pop());
      return ends.peekKey() - step;
    },
    stepsWithin(steps, blocks) {
      if (blocksFor(steps) <= blocks) return steps;
      let low = 0;
      let high = steps - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (blocksFor(middle) <= blocks) low = middle;
        else high = middle - 1;
      }
      return low;
    },
    blocksFor,
    join(sequence) {
      sequence.joinStep = step;
      sequence.slot = sequences.length;
      sequences.push(sequence);
      due[phaseOf(sequence)]++;
      context += sequence.target;
      joinWindow(sequence);
      const entry = freeEntries.pop() ?? entries.length;
      entries[entry] = sequence;
      sequence.heapEntry = entry;
      ends.push(step + sequence.request.outputTokens - sequence.generated, entry);
    },
    take(steps, ended) {
      step += steps;
      context += steps * sequences.length;
      windowContext += steps * growing;
      passWindow();
      while (ends.peekKey() <= step) {
        const entry = ends.pop();
        const sequence = entries[entry];
        entries[entry] = null;
        freeEntries.push(entry);
        if (sequence === null) continue;
        leave(sequence);
        ended(sequence);
      }
    },
    preemptYoungest() {
      let youngest = sequences[0];
      for (const sequence of sequences) if (sequence.order > youngest.order) youngest = sequence;
      entries[youngest.heapEntry] = null;
      leave(youngest);
      return youngest;
    },
    heldBlocks(sequence) {
      const stored = sequence.slot >= 0
        ? sequence.target + step - sequence.joinStep
        : sequence.request.inputTokens + sequence.generated - 1;
      const grown = Math.ceil(stored / blockTokens) - Math.ceil(sequence.target / blockTokens);
      return sequence.privateBlocks + Math.max(0, grown);
    },
  };
}
