/**
 * An eviction policy of a block cache: one file under `src/replay/shared/evictions/`, exporting
 * `eviction`. It appears by itself in `replay cache` and in the tiers of `replay offload`.
 * Block ids are dense and below `uniqueBlocks`.
 */
export interface Eviction {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  /** Constants of the policy with the values used; shown with every result. */
  readonly params?: Readonly<Record<string, number>>;
  /**
   * True when it must know what comes: `setup.future` is then given by a cache, and `setup.requests` by a
   * serving engine, which decides on the stream of references while it runs.
   */
  readonly clairvoyant?: boolean;
  /** True when it holds everything, whatever the capacity: a bound, and no rule for a place of some size. */
  readonly unbounded?: boolean;
  /** True when the order of the blocks within a request matters to it: always touch head to tail. */
  readonly headFirst?: boolean;
  /** True when eviction can wait until the end of a request (`--touch tail`). */
  readonly deferrable?: boolean;
  create(setup: EvictionSetup): EvictionState;
}

export interface EvictionSetup {
  /** Largest number of resident blocks; Infinity when nothing is ever evicted. */
  readonly capacityBlocks: number;
  readonly uniqueBlocks: number;
  /** Touches do not evict; `settle` cuts back to the capacity. Only for deferrable policies. */
  readonly deferEviction?: boolean;
  /** Seed of policies that draw lots. */
  readonly seed?: number;
  readonly future?: FutureUses;
  readonly requests?: RequestOrder;
  /** What the blocks lie on, for stores with rules of their own for drives; memory when absent. */
  readonly medium?: "memory" | "drive";
  /** Bytes of a block, for rules that count in bytes; absent where blocks have no size (`replay cache`). */
  readonly blockBytes?: number;
}

/** The reference stream to come; position t is the t-th `touch`. */
export interface FutureUses {
  /** Block of each position. */
  readonly blocks: Uint32Array;
  /** Position of the next reference to the same block; `blocks.length` when there is none. */
  readonly nextUse: Uint32Array;
}

/** The requests of a trace in order of arrival. */
export interface RequestOrder {
  /** The first request after `after` that lists the block; Infinity when none does. */
  next(block: number, after: number): number;
}

/** What is known of the request whose blocks are touched next. */
export interface RequestHint {
  /** Arrival, seconds from the start of the trace. */
  readonly timeSeconds: number;
  /** Turn within the session, -1 where unknown. */
  readonly turn: number;
  /** Position in order of arrival, where a request is the cause. */
  readonly index?: number;
}

/** The state of one cache under one policy. */
export interface EvictionState {
  has(block: number): boolean;
  /** Looks up and inserts; true on a hit. Evicted blocks are appended to `evicted` when it is given. */
  touch(block: number, evicted?: number[]): boolean;
  /** Takes a block out; true when it was resident. */
  remove(block: number): boolean;
  readonly size: number;
  /** Called before the touches of a request, for policies that look at time or kind. */
  beginRequest?(hint: RequestHint): void;
  /** One more (1) or one less (-1) waiting request will use the block, resident or not. */
  claim?(block: number, change: 1 | -1): void;
  /** The request of the last hint looked the block up, resident or not, wherever it was found. */
  served?(block: number): void;
  /** Whether a block found here is copied to the tier above; always when absent. */
  promotes?(block: number): boolean;
  /** Cuts back to the capacity after a request, when eviction is deferred. */
  settle?(evicted?: number[]): void;
  /** Touches `blocks[start..end)` in order; returns the hits. The same as `touch` in a loop, but faster. */
  touchRange?(blocks: Uint32Array, start: number, end: number): number;
  /**
   * How many of `blocks[start..end)` are resident, and how many of them lead without a gap:
   * `prefix + resident * 2^24`. The same as `has` in a loop, but faster.
   */
  countRange?(blocks: Uint32Array, start: number, end: number): number;
}

/** Factor between the two counts that `countRange` packs into one number (requests have fewer blocks). */
export const COUNT_PACK = 2 ** 24;
