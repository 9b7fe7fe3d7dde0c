import type { RequestColumns } from "../../model/trace/requests.ts";
import { blocksOf, type TouchOrder } from "./cache_replay.ts";
import { createRecencyStack } from "./recency_stack.ts";

/** Exact LRU hit counts for every capacity at once. */
export interface LruCurve {
  readonly totalBlocks: number;
  readonly uniqueBlocks: number;
  /** Smallest capacity at which the counts no longer grow. */
  readonly saturationBlocks: number;
  /** Hits of an LRU cache of the given capacity (Infinity allowed). */
  at(capacityBlocks: number): CurvePoint;
}

export interface CurvePoint {
  readonly prefixHitBlocks: number;
  readonly residentHitBlocks: number;
  readonly streamHitBlocks: number;
}

const NEVER = 0x7fffffff;

/**
 * Stack distances in one pass (Mattson et al. 1970). An LRU cache of capacity C holds the C blocks touched
 * last, so a block is resident at a request's arrival when its depth on the stack is at most C, a prefix of
 * k blocks hits when the deepest of them is, and a touch hits when the block's depth at that moment is.
 * The order of touches is that of `--touch`; with `tail` the cache is cut only after the request, so a
 * touch hits when its block was resident at the arrival or touched earlier in the request.
 */
export function createLruCurve(
  uniqueBlocks: number,
  touch: TouchOrder,
): { feed(columns: RequestColumns): void; finish(): LruCurve } {
  const stack = createRecencyStack(uniqueBlocks);
  // Histograms over depths 1..uniqueBlocks; the largest trace has fewer than 2^32 references.
  const prefix = new Uint32Array(uniqueBlocks + 1);
  const resident = new Uint32Array(uniqueBlocks + 1);
  const stream = new Uint32Array(uniqueBlocks + 1);
  let repeats = 0;
  let total = 0;
  let depth = new Int32Array(1024);
  const step = touch === "head" ? 1 : -1;

  /** Whether the known blocks' last touches follow the touch order, each listed once. */
  const isOrdered = (ids: Uint32Array, from: number, length: number): boolean => {
    let highest = -1;
    for (let k = 0, i = from; k < length; k++, i += step) {
      const place = stack.placeOf(ids[i]);
      if (place < 0) continue;
      if (place <= highest) return false;
      highest = place;
    }
    return true;
  };
  /** One query a block: blocks touched earlier in the request lay deeper, so they only add themselves. */
  const touchOrdered = (ids: Uint32Array, from: number, length: number): void => {
    let touched = 0;
    for (let k = 0, i = from; k < length; k++, i += step) {
      const block = ids[i];
      const place = stack.placeOf(block);
      const now = place < 0 ? NEVER : stack.countAfter(place) + 1;
      // Fewer blocks after it than this request touched: a new block, listed a second time.
      const repeated = now <= touched;
      depth[k] = place < 0 || repeated ? NEVER : now - touched;
      if (touch === "head") {
        if (place >= 0) stream[now]++;
      } else if (repeated) repeats++;
      else if (place >= 0) stream[depth[k]]++;
      stack.touch(block);
      if (!repeated) touched++;
    }
  };
  /** Two queries a block: once before anything is touched, once at its own touch. */
  const touchAnyOrder = (ids: Uint32Array, from: number, length: number): void => {
    for (let k = 0, i = from; k < length; k++, i += step) {
      const place = stack.placeOf(ids[i]);
      depth[k] = place < 0 ? NEVER : stack.countAfter(place) + 1;
    }
    const repeated = touch === "tail" && length > 1 ? new Set<number>() : null;
    for (let k = 0, i = from; k < length; k++, i += step) {
      const block = ids[i];
      if (repeated !== null) {
        if (repeated.has(block)) repeats++;
        else if (depth[k] !== NEVER) stream[depth[k]]++;
        repeated.add(block);
      } else {
        const place = stack.placeOf(block);
        if (place >= 0) stream[stack.countAfter(place) + 1]++;
      }
      stack.touch(block);
    }
  };
  return {
    feed(columns) {
      const { offsets, ids } = blocksOf(columns);
      for (let r = 0; r < columns.count; r++) {
        const length = offsets[r + 1] - offsets[r];
        if (length === 0) continue;
        total += length;
        if (depth.length < length) depth = new Int32Array(2 * length);
        const from = touch === "head" ? offsets[r] : offsets[r + 1] - 1;
        if (isOrdered(ids, from, length)) touchOrdered(ids, from, length);
        else touchAnyOrder(ids, from, length);
        // Depths lie in touch order; the prefix runs in list order.
        let deepest = 0;
        let leading = true;
        for (let k = 0; k < length; k++) {
          const d = depth[touch === "head" ? k : length - 1 - k];
          if (d === NEVER) {
            leading = false;
            continue;
          }
          resident[d]++;
          if (!leading) continue;
          if (d > deepest) deepest = d;
          prefix[deepest]++;
        }
      }
    },
    finish: () => sumUp({ prefix, resident, stream, repeats, total, uniqueBlocks: stack.size }),
  };
}

interface Histograms {
  readonly prefix: Uint32Array;
  readonly resident: Uint32Array;
  readonly stream: Uint32Array;
  /** Hits at every capacity: blocks listed twice when eviction waits for the end of the request. */
  readonly repeats: number;
  readonly total: number;
  readonly uniqueBlocks: number;
}

function cumulate(histogram: Uint32Array, from: number): number {
  let last = 0;
  histogram[0] = from;
  for (let d = 1; d < histogram.length; d++) {
    if (histogram[d] !== 0) last = d;
    histogram[d] += histogram[d - 1];
  }
  return last;
}

function sumUp(h: Histograms): LruCurve {
  const saturationBlocks = Math.max(
    cumulate(h.prefix, 0),
    cumulate(h.resident, 0),
    cumulate(h.stream, h.repeats),
  );
  const read = (cumulative: Uint32Array, capacity: number): number =>
    cumulative[Math.min(capacity, cumulative.length - 1)];
  return {
    totalBlocks: h.total,
    uniqueBlocks: h.uniqueBlocks,
    saturationBlocks,
    at: (capacity) => ({
      prefixHitBlocks: read(h.prefix, capacity),
      residentHitBlocks: read(h.resident, capacity),
      streamHitBlocks: read(h.stream, capacity),
    }),
  };
}
