import type { TierTotals } from "./tier_totals.ts";
import type { Traffic } from "./traffic.ts";
import type { EngineRequest, Sequence } from "./request.ts";

/** What the first look-up of a request found; arrays have one place a tier. */
export interface Lookup {
  readonly listed: number;
  /** Listed blocks that are computed: hits and misses are all the listed ones. */
  readonly missed: number;
  readonly gpuBlocks: number;
  readonly gpuTokens: number;
  readonly tierBlocks: readonly number[];
  readonly tierTokens: readonly number[];
  readonly computedTokens: number;
  /** Name of the restore that brings the tier tokens, null when none is loaded. */
  readonly restore: string | null;
}

/** Where an instance reports what happened. */
export interface Recorder {
  lookup(request: EngineRequest, found: Lookup): void;
  /** Tokens computed again because a sequence was preempted. */
  recomputed(tokens: number): void;
  complete(sequence: Sequence, atSeconds: number): void;
  reject(request: EngineRequest, atSeconds: number): void;
}

/** What an instance says of itself at the end. */
export interface InstanceTotals {
  /** End of its last iteration. */
  readonly endSeconds: number;
  readonly busySeconds: number;
  /** Work is there, but waits for a load. */
  readonly waitSeconds: number;
  /** Nothing to do. Busy, waiting and idle are the whole time up to `clockSeconds`. */
  readonly idleSeconds: number;
  readonly clockSeconds: number;
  readonly iterations: number;
  /** Sum over decode steps of the tokens attended to. */
  readonly contextTokens: number;
  readonly preemptions: number;
  /** Blocks made by decoding that were not kept because their ids had run out. */
  readonly unkeptBlocks: number;
  /** Must be 0 at the end. */
  readonly pinnedBlocks: number;
  readonly tiers: readonly TierTotals[];
  readonly tierBlocks: readonly number[];
  /** Blocks that became cached in GPU memory, and that were evicted from it. */
  readonly storedBlocks: number;
  readonly removedBlocks: number;
  readonly traffic: Traffic;
}
