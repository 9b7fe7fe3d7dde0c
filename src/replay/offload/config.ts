import type { Eviction } from "../../model/eviction.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { LinkNetwork } from "../shared/link_network.ts";
import type { TierRules, TierSpec } from "./tier_types.ts";
import type { Timing } from "./timing.ts";

/** A way in which stored state becomes KV again. */
export interface Restore {
  readonly name: string;
  /** Bytes that cross the links to restore the tokens `from..to-1` of a prompt that goes on at `to`. */
  loadedBytes(from: number, to: number): number;
  /** Whether everything that is stored of a block is loaded, so that it can be kept on the way. */
  readonly whole: boolean;
  /** FLOPs of restoring the loaded tokens `from..to-1` of a prompt. */
  restoreFlops(from: number, to: number): number;
}

/** Everything one instance needs, derived from parameters and profiles once. */
export interface EngineConfig {
  readonly llm: LlmProfile;
  readonly blockTokens: number;
  readonly gpuBlocks: number;
  readonly maxSequences: number;
  readonly maxBatchTokens: number;
  readonly causal: boolean;
  readonly timing: Timing;
  /** Whether blocks stay cached after their request. */
  readonly reuse: boolean;
  /** Whether computed blocks are saved at once (write-through). */
  readonly saveOnCompute: boolean;
  readonly layerwise: boolean;
  readonly prefetch: boolean;
  /** Queued requests that prefetching looks at; Infinity for the whole queue. */
  readonly lookAhead: number;
  /** `cheapest`: of the restores and computing, what is predicted to be fastest, request by request. */
  readonly load: "always" | "cheapest";
  /** At least one; the first is used when the choice is `always`. */
  readonly restores: readonly Restore[];
  readonly uniqueBlocks: number;
  /** Room for ids of blocks made by decoding. */
  readonly decodedIds: number;
  readonly tiers: readonly TierSpec[];
  readonly tierRules: TierRules;
  readonly eviction: Eviction;
  readonly seed: number;
  createNetwork(): LinkNetwork;
}
