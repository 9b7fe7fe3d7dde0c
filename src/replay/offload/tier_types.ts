import type { RequestHint, RequestOrder } from "../../model/eviction.ts";
import type { TrafficSink } from "../../model/traffic.ts";
import type { TierName } from "../../model/usage.ts";
import type { TierTotals } from "./tier_totals.ts";

/** A tier below the GPU. */
export interface TierSpec {
  readonly name: TierName;
  readonly capacityBlocks: number;
  /** Routes of the network: to the GPU, from the GPU, and from the tier above (-1: none). */
  readonly toGpu: number;
  readonly fromGpu: number;
  readonly fromAbove: number;
  /** Route that brings a block into the tier above without the GPU (-1: none). */
  readonly toAbove: number;
}

export interface TierRules {
  readonly write: "through" | "back";
  readonly ssdWrite: "through" | "back";
  readonly admission: "first" | "second" | "never";
  readonly exclusive: boolean;
  readonly storedBytesPerBlock: number;
  readonly descriptorsPerBlock: number;
  /** The requests to come, for an eviction that must know them. */
  readonly requests?: RequestOrder;
  /** Told of every block that a tier takes, gives or drops. */
  readonly traffic?: TrafficSink;
}

/** The tiers below the GPU as one store: where a block is, what moves when. */
export interface TierStack {
  readonly count: number;
  /** Index of the first tier that holds the block, -1 when none does. */
  locate(block: number): number;
  /** Saves blocks that the GPU holds; `from..to-1` of `blocks`. Returns nothing: saving is asynchronous. */
  save(blocks: ArrayLike<number>, from: number, to: number, hint: RequestHint): void;
  /** Starts loading blocks to the GPU; appends the transfers that must end first. */
  load(
    blocks: ArrayLike<number>,
    from: number,
    to: number,
    hint: RequestHint,
    bytesPerBlock: number,
    whole: boolean,
    waits: number[],
  ): void;
  /** Places blocks as an earlier use would have left them, without traffic. */
  warm(blocks: ArrayLike<number>, from: number, to: number, hint: RequestHint): void;
  /** Starts bringing blocks one tier up (drive to memory); returns a transfer or -1. */
  prefetch(blocks: ArrayLike<number>, from: number, to: number, hint: RequestHint): number;
  /** Nobody waits for a prefetch any more; it goes on. */
  release(transfer: number): void;
  /** A request that will use the blocks began (1) or ended (-1) to wait. */
  claim(blocks: ArrayLike<number>, from: number, to: number, change: 1 | -1): void;
  /** Counts one more use of blocks, for admission on the second: looked up, or `made` by decoding just now. */
  used(blocks: ArrayLike<number>, from: number, to: number, made?: boolean): void;
  /** A request looked its blocks up and loaded what it could. */
  served(blocks: ArrayLike<number>, from: number, to: number, hint: RequestHint): void;
  /** Called with blocks that the GPU evicted. */
  evictedFromGpu(blocks: readonly number[], hint: RequestHint): void;
  /** A block of a tier is known under another id from now on. */
  rename(from: number, to: number): void;
  /** Blocks resident in a tier. */
  sizeOf(tier: number): number;
  /** Predicted seconds to load `counts[t]` blocks from each tier t now. */
  estimateLoadSeconds(counts: readonly number[], bytesPerBlock: number): number;
  /** Adds what is held to the byte-seconds up to now. */
  settleTime(nowSeconds: number): void;
  readonly totals: readonly TierTotals[];
}
