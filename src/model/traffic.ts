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
  /** Block references of the requests that were found in GPU memory, and that were found nowhere. */
  readonly gpuHitBlocks: number;
  readonly missBlocks: number;
}

/** Where a replay reports its traffic. */
export interface TrafficSink {
  add(op: TrafficOp, tier: number, block: number, atSeconds: number, other?: number): void;
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
  };
  return {
    add(name, inTier, id, at, newId = -1) {
      if (count === room) grow();
      op[count] = TRAFFIC_OPS.indexOf(name);
      tier[count] = inTier;
      block[count] = id;
      other[count] = newId;
      atSeconds[count] = at;
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
    }),
  };
}
