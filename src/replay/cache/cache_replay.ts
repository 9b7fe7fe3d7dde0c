import { dataError } from "../../model/errors.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { COUNT_PACK, type Eviction, type EvictionState } from "../shared/eviction.ts";

/** Order of the touches of a request, and when it evicts (`--touch`). */
export type TouchOrder = "head" | "tail";

/** One cache to replay. */
export interface CacheSpec {
  readonly eviction: Eviction;
  /** Blocks; Infinity for a cache without bound. */
  readonly capacityBlocks: number;
  readonly touch: TouchOrder;
  readonly seed: number;
}

/**
 * What one cache counted. `null` where the count is not defined for the policy (belady looks ahead in the
 * flat stream, so a request has no state "before anything is inserted" that its optimum refers to).
 */
export interface CacheCounts {
  readonly totalBlocks: number;
  readonly prefixHitBlocks: number | null;
  readonly residentHitBlocks: number | null;
  readonly streamHitBlocks: number;
  readonly inputTokens: number;
  /** Input tokens of the leading hit blocks, at most the request's input. */
  readonly prefixHitTokens: number | null;
  readonly evictedBlocks: number;
  readonly residentBlocks: number;
}

/** A replay of one cache: fed batches of requests, then finished once. */
export interface CacheReplay {
  feed(columns: RequestColumns): void;
  finish(): CacheCounts;
}

/** The block lists of a batch. @throws data error when the trace has none. */
export function blocksOf(columns: RequestColumns): { offsets: Uint32Array; ids: Uint32Array } {
  if (columns.blockOffsets === null || columns.blockIds === null) {
    throw dataError(
      "the trace has no block ids, so no cache can be replayed on it",
      "use a trace with block hashes, such as Mooncake JSONL or WEKA sessions",
    );
  }
  return { offsets: columns.blockOffsets, ids: columns.blockIds };
}

/** Counts that both kinds of replay keep. */
interface Totals {
  blocks: number;
  prefix: number;
  resident: number;
  stream: number;
  inputTokens: number;
  prefixTokens: number;
}

/**
 * Replays a request trace on one cache and counts hits in the three ways of `golden/offload/README.md`:
 * prefix and resident at the request's arrival, stream touch by touch.
 *
 * @param uniqueBlocks Number of distinct block ids.
 * @param blockTokens Tokens of a block, for the token hit ratio.
 */
export function createCacheReplay(
  spec: CacheSpec,
  uniqueBlocks: number,
  blockTokens: number,
): CacheReplay {
  return spec.eviction.clairvoyant
    ? clairvoyantReplay(spec, uniqueBlocks)
    : onlineReplay(spec, uniqueBlocks, blockTokens);
}

function onlineReplay(spec: CacheSpec, uniqueBlocks: number, blockTokens: number): CacheReplay {
  const { eviction, capacityBlocks, touch, seed } = spec;
  const deferEviction = touch === "tail" && eviction.deferrable === true;
  const state = eviction.create({ capacityBlocks, uniqueBlocks, deferEviction, seed });
  const totals: Totals = {
    blocks: 0,
    prefix: 0,
    resident: 0,
    stream: 0,
    inputTokens: 0,
    prefixTokens: 0,
  };
  let reversed = new Uint32Array(1024);
  return {
    feed(columns) {
      const { offsets, ids } = blocksOf(columns);
      for (let i = 0; i < columns.count; i++) {
        const [start, end] = [offsets[i], offsets[i + 1]];
        const input = columns.inputTokens[i];
        totals.inputTokens += input;
        totals.blocks += end - start;
        const packed = countRange(state, ids, start, end);
        const prefix = packed % COUNT_PACK;
        totals.prefix += prefix;
        totals.resident += Math.floor(packed / COUNT_PACK);
        totals.prefixTokens += Math.min(prefix * blockTokens, input);
        state.beginRequest?.({
          timeSeconds: columns.arrivalNs[i] / 1e9,
          turn: columns.turn[i],
        });
        if (touch === "head") {
          totals.stream += touchRange(state, ids, start, end);
        } else {
          const length = end - start;
          if (reversed.length < length) reversed = new Uint32Array(2 * length);
          for (let k = 0; k < length; k++) reversed[k] = ids[end - 1 - k];
          totals.stream += touchRange(state, reversed, 0, length);
          if (deferEviction) state.settle!();
        }
      }
    },
    finish: () => ({
      totalBlocks: totals.blocks,
      prefixHitBlocks: totals.prefix,
      residentHitBlocks: totals.resident,
      streamHitBlocks: totals.stream,
      inputTokens: totals.inputTokens,
      prefixHitTokens: totals.prefixTokens,
      evictedBlocks: totals.blocks - totals.stream - state.size,
      residentBlocks: state.size,
    }),
  };
}

function countRange(state: EvictionState, ids: Uint32Array, start: number, end: number): number {
  if (state.countRange !== undefined) return state.countRange(ids, start, end);
  let i = start;
  while (i < end && state.has(ids[i])) i++;
  const prefix = i - start;
  let resident = prefix;
  for (i++; i < end; i++) if (state.has(ids[i])) resident++;
  return prefix + resident * COUNT_PACK;
}

function touchRange(state: EvictionState, ids: Uint32Array, start: number, end: number): number {
  if (state.touchRange !== undefined) return state.touchRange(ids, start, end);
  let hits = 0;
  for (let i = start; i < end; i++) if (state.touch(ids[i])) hits++;
  return hits;
}

/** Collects the flat stream, then replays it with every next use known. */
function clairvoyantReplay(spec: CacheSpec, uniqueBlocks: number): CacheReplay {
  const parts: Uint32Array[] = [];
  let inputTokens = 0;
  return {
    feed(columns) {
      const { offsets, ids } = blocksOf(columns);
      parts.push(ids.subarray(offsets[0], offsets[columns.count]));
      for (let i = 0; i < columns.count; i++) inputTokens += columns.inputTokens[i];
    },
    finish() {
      const blocks = concatenate(parts);
      const state = spec.eviction.create({
        capacityBlocks: spec.capacityBlocks,
        uniqueBlocks,
        future: { blocks, nextUse: nextUses(blocks, uniqueBlocks) },
        seed: spec.seed,
      });
      const hits = touchRange(state, blocks, 0, blocks.length);
      return {
        totalBlocks: blocks.length,
        prefixHitBlocks: null,
        residentHitBlocks: null,
        streamHitBlocks: hits,
        inputTokens,
        prefixHitTokens: null,
        evictedBlocks: blocks.length - hits - state.size,
        residentBlocks: state.size,
      };
    },
  };
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** For each position the next one of the same block; the length where there is none. */
export function nextUses(blocks: Uint32Array, uniqueBlocks: number): Uint32Array {
  const next = new Uint32Array(blocks.length);
  const seen = new Uint32Array(uniqueBlocks).fill(blocks.length);
  for (let i = blocks.length - 1; i >= 0; i--) {
    next[i] = seen[blocks[i]];
    seen[blocks[i]] = i;
  }
  return next;
}
