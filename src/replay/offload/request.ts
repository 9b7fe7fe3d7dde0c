import type { Behind } from "./behind.ts";

/** A request of the trace as the engine takes it. Block ids are a range of a batch's column, not a copy. */
export interface EngineRequest {
  /** Position in arrival order: ties keep file order. */
  readonly index: number;
  readonly arrivalSeconds: number;
  readonly inputTokens: number;
  /** At least 1: the prefill gives the first token. */
  readonly outputTokens: number;
  readonly session: number;
  readonly turn: number;
  /** Null when the trace has no blocks, or the policy keeps nothing. */
  readonly ids: Uint32Array | null;
  readonly from: number;
  readonly to: number;
}

/** A request inside an instance. */
export interface Sequence {
  readonly request: EngineRequest;
  readonly arrivalSeconds: number;
  /** Whether its prefix was looked up before (a preempted sequence is looked up again). */
  looked: boolean;
  /** Order of start, for preempting the youngest. */
  order: number;
  /** Tokens generated so far, up to the last time it joined or left the decode batch. */
  generated: number;
  firstTokenSeconds: number;
  /** Tokens whose KV is there, of the `target` tokens the prefill must bring. */
  computed: number;
  target: number;
  /** Leading blocks of the list that were found somewhere. */
  reusedBlocks: number;
  /** Leading blocks that GPU memory held when it was started. */
  residentBlocks: number;
  /** Prompts started before it that still bring blocks which it found; it is not computed before them. */
  behind: readonly Behind[];
  /** Tokens of it that the iteration at work computes. */
  chunk: number;
  /** FLOPs of turning what was loaded into KV, due with the first chunk. */
  restoreFlops: number;
  /** Transfers that must end before (or while) the prompt is computed. */
  readonly waits: number[];
  /** Blocks held beside the list when the prefill starts. */
  privateBlocks: number;
  /** In the decode batch: the step it joined at, its place in the list, its entry in the heap. */
  joinStep: number;
  slot: number;
  heapEntry: number;
  /** Its entry among those that are shorter than the window, -1 beyond it. */
  windowEntry: number;
  /** Transfer of the look-ahead prefetch, -1 for none; and whether its blocks are claimed. */
  prefetch: number;
  prefetched: boolean;
  /** When its prompt was started. */
  startSeconds: number;
  /** Its prompt was computed elsewhere and its KV is here: it only needs blocks. */
  prefilled: boolean;
}

/** A request that has just arrived. */
export function createSequence(request: EngineRequest, arrivalSeconds: number): Sequence {
  return {
    request,
    arrivalSeconds,
    looked: false,
    order: 0,
    generated: 0,
    firstTokenSeconds: -1,
    computed: 0,
    target: 0,
    reusedBlocks: 0,
    residentBlocks: 0,
    behind: [],
    chunk: 0,
    restoreFlops: 0,
    waits: [],
    privateBlocks: 0,
    joinStep: 0,
    slot: -1,
    heapEntry: -1,
    windowEntry: -1,
    prefetch: -1,
    prefetched: false,
    startSeconds: arrivalSeconds,
    prefilled: false,
  };
}
