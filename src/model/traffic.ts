import type { TierName } from "./usage.ts";

/** What an operation does with a block in a tier. */
export const TRAFFIC_OPS = ["write", "read", "drop", "rename"] as const;
export type TrafficOp = (typeof TRAFFIC_OPS)[number];

/**
 * The block traffic of one instance below the GPU, in order: one column an attribute. A `write` puts a block
 * into a tier, from the tier above when that holds it, else from the GPU; a `read` brings it to the GPU; a
 * `drop` gives its place up; a `rename` knows a block of every tier under the id `other` from then on.
 */
export interface Traffic {
  readonly tiers: readonly TierName[];
  /** Bytes of a block as the replay counts them. */
  readonly blockBytes: number;
  readonly count: number;
  /** Index into {@link TRAFFIC_OPS}. */
  readonly op: Uint8Array;
  readonly tier: Uint8Array;
  readonly block: Int32Array;
  /** The new id of a rename, else -1. */
  readonly other: Int32Array;
  /** Seconds of the replay at which it was issued. */
  readonly atSeconds: Float64Array;
  /** Share of the block that moves, in (0, 1]: the last block of a prompt is loaded in part. */
  readonly share: Float64Array;
  /** Block references of the requests that were found in GPU memory, and that were found nowhere. */
  readonly gpuHitBlocks: number;
  readonly missBlocks: number;
}

/** Where a replay reports its traffic. */
export interface TrafficSink {
  add(
    op: TrafficOp,
    tier: number,
    block: number,
    atSeconds: number,
    extra?: { readonly share?: number; readonly other?: number },
  ): void;
}

const FIRST_ROOM = 4096;

/** Collects traffic in growing columns. */
export function createTrafficSink(): TrafficSink & {
  finish(facts: Pick<Traffic, "tiers" | "blockBytes" | "gpuHitBlocks" | "missBlocks">): Traffic;
} {
  let room = FIRST_ROOM;
  let count = 0;
  let op = new Uint8Array(room);
  let tier = new Uint8Array(room);
  let block = new Int32Array(room);
  let other = new Int32Array(room);
  let atSeconds = new Float64Array(room);
  let share = new Float64Array(room);
  const grow = (): void => {
    room *= 2;
    const larger = <T extends Uint8Array | Int32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    op = larger(new Uint8Array(room), op);
    tier = larger(new Uint8Array(room), tier);
    block = larger(new Int32Array(room), block);
    other = larger(new Int32Array(room), other);
    atSeconds = larger(new Float64Array(room), atSeconds);
    share = larger(new Float64Array(room), share);
  };
  return {
    add(name, inTier, id, at, extra = {}) {
      if (count === room) grow();
      op[count] = TRAFFIC_OPS.indexOf(name);
      tier[count] = inTier;
      block[count] = id;
      other[count] = extra.other ?? -1;
      atSeconds[count] = at;
      share[count] = extra.share ?? 1;
      count++;
    },
    finish: (facts) => ({
      ...facts,
      count,
      op: op.subarray(0, count),
      tier: tier.subarray(0, count),
      block: block.subarray(0, count),
      other: other.subarray(0, count),
      atSeconds: atSeconds.subarray(0, count),
      share: share.subarray(0, count),
    }),
  };
}

/** Bytes of a part are whole pages, as drives and O_DIRECT move them. */
const PAGE_BYTES = 4096;

/** Bytes that an operation moves physically when blocks have `blockBytes`. */
export function movedBytes(share: number, blockBytes: number): number {
  if (share >= 1) return blockBytes;
  return Math.min(blockBytes, Math.ceil(blockBytes * share / PAGE_BYTES) * PAGE_BYTES);
}
