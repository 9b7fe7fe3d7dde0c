import type { RequestColumns } from "../../model/trace/requests.ts";
import { blocksOf } from "./cache_replay.ts";
import { createRecencyStack } from "./recency_stack.ts";

/** LRU stream hits for every capacity, estimated from a sample of the blocks. */
export interface SampledCurve {
  readonly totalBlocks: number;
  readonly sampledBlocks: number;
  /** Estimated hit ratio at a capacity, and its standard error (half the spread of two half samples). */
  at(capacityBlocks: number): { hitRatio: number; standardError: number };
}

/** Spreads ids over 0..2^32-1 (splitmix32's finaliser), so that sampling does not follow their order. */
function hash(block: number, seed: number): number {
  let z = (block + Math.imul(seed, 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/**
 * SHARDS with a fixed rate (Waldspurger et al., FAST 2015): blocks whose hash lies below a threshold are
 * followed exactly, their stack distances are scaled up. The references missing from (or above) the
 * expected number are put into the first bucket, as SHARDS-adj does. Two disjoint half samples give the
 * estimate its error.
 *
 * @param rate Share of the blocks to follow, 0 < rate <= 1.
 */
export function createSampledCurve(
  uniqueBlocks: number,
  rate: number,
  seed: number,
): { feed(columns: RequestColumns): void; finish(): SampledCurve } {
  const halfRate = rate / 2;
  const cut = halfRate * 2 ** 32;
  // Dense ids within each half; the stacks are sized by what can be sampled, with room for luck.
  const dense = new Int32Array(uniqueBlocks).fill(-1);
  const halves = [0, 1].map(() => {
    const most = Math.min(uniqueBlocks, Math.ceil(uniqueBlocks * halfRate * 1.2) + 1024);
    return {
      stack: createRecencyStack(most),
      most,
      used: 0,
      distances: new Float64Array(most + 1),
    };
  });
  let total = 0;
  let sampled = 0;
  return {
    feed(columns) {
      const { offsets, ids } = blocksOf(columns);
      const end = offsets[columns.count];
      for (let i = offsets[0]; i < end; i++) {
        const spread = hash(ids[i], seed);
        if (spread >= 2 * cut) continue;
        const half = halves[spread < cut ? 0 : 1];
        let id = dense[ids[i]];
        if (id < 0) {
          if (half.used === half.most) continue;
          id = dense[ids[i]] = half.used++;
        } else {
          half.distances[half.stack.countAfter(half.stack.placeOf(id)) + 1]++;
        }
        half.stack.touch(id);
        sampled++;
      }
      total += end - offsets[0];
    },
    finish() {
      const curves = halves.map((half) => {
        let followed = half.used;
        for (const count of half.distances) followed += count;
        half.distances[0] = total * halfRate - followed;
        for (let d = 1; d < half.distances.length; d++) half.distances[d] += half.distances[d - 1];
        return half.distances;
      });
      return {
        totalBlocks: total,
        sampledBlocks: sampled,
        at(capacityBlocks) {
          const [a, b] = curves.map((curve) => {
            const depth = Math.min(Math.floor(capacityBlocks * halfRate), curve.length - 1);
            return Math.min(1, Math.max(0, curve[depth] / (total * halfRate)));
          });
          return { hitRatio: (a + b) / 2, standardError: Math.abs(a - b) / 2 };
        },
      };
    },
  };
}
