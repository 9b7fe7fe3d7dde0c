import type { TierTotals } from "./tiers.ts";
import type { EngineRequest, Sequence } from "./request.ts";

/** What the first look-up of a request found. */
export interface Lookup {
  readonly listed: number;
  readonly gpuBlocks: number;
  readonly gpuTokens: number;
  readonly tierBlocks: number;
  readonly tierTokens: number;
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
  reject(request: EngineRequest): void;
}

/** What an instance says of itself at the end. */
export interface InstanceTotals {
  /** Completion of its last request. */
  readonly endSeconds: number;
  readonly busySeconds: number;
  readonly waitSeconds: number;
  readonly iterations: number;
  /** Sum over decode steps of the tokens attended to. */
  readonly contextTokens: number;
  readonly preemptions: number;
  /** Must be 0 at the end. */
  readonly pinnedBlocks: number;
  readonly tiers: readonly TierTotals[];
  readonly tierBlocks: readonly number[];
  readonly linkBusySeconds: Float64Array;
}
