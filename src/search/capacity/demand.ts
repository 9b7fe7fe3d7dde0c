import { kvBytesPerToken, prefillFlops, weightBytesRead } from "../../model/llm_math.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { RequestColumns, RequestTraceMeta } from "../../model/trace/requests.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { createLruCurve, type LruCurve } from "../../replay/cache/lru_curve.ts";

/** What a stream of requests asks of a fleet, as rates over the trace. */
export interface Demand {
  readonly requests: number;
  readonly seconds: number;
  /** FLOPs a second of prefill: when nothing is reused, and when `heldBytes` serve their hits. */
  readonly recomputeFlopsPerSecond: number;
  readonly reusedFlopsPerSecond: number;
  /** Bytes a second that decoding reads of weights and KV. */
  readonly decodeBytesPerSecond: number;
  /** KV of the requests that run at one time (Little's law). */
  readonly liveBytes: number;
  /** KV kept so that the wanted share of the reachable hits is met. */
  readonly heldBytes: number;
  /** Of all input tokens, those that a cache of `heldBytes` need not compute. */
  readonly reusedTokenRatio: number;
  /** KV bytes a second that hits reload, and that are written for later. */
  readonly reloadBytesPerSecond: number;
  readonly storeBytesPerSecond: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface DemandOptions {
  /** Share of the prefix hits of an unbounded cache that the held KV shall serve. */
  readonly hitShare: number;
  /** Sequences that share one read of the weights in decode. */
  readonly batch: number;
  readonly secondsPerOutputToken: number;
  /** Peak over mean of the request rate. */
  readonly peak: number;
}

interface Sums {
  requests: number;
  lastNs: number;
  fullFlops: number;
  freshFlops: number;
  hitTokens: number;
  inputTokens: number;
  outputTokens: number;
  contextTokens: number;
  newBlocks: number;
  hitBlocks: number;
}

/** Leading blocks of a request that an unbounded cache has seen; marks all of them seen. */
function leadingSeen(
  seen: Uint8Array,
  ids: Uint32Array,
  from: number,
  to: number,
): [number, number] {
  let leading = 0;
  while (from + leading < to && seen[ids[from + leading]] === 1) leading++;
  let fresh = 0;
  for (let i = from; i < to; i++) {
    if (seen[ids[i]] === 0) {
      seen[ids[i]] = 1;
      fresh++;
    }
  }
  return [leading, fresh];
}

function addBatch(
  sums: Sums,
  columns: RequestColumns,
  llm: LlmProfile,
  blockTokens: number | null,
  seen: Uint8Array | null,
): void {
  const { blockOffsets: offsets, blockIds: ids } = columns;
  for (let i = 0; i < columns.count; i++) {
    const [input, output] = [columns.inputTokens[i], columns.outputTokens[i]];
    let hit = 0;
    if (seen !== null && offsets !== null && ids !== null && blockTokens !== null) {
      const [leading, fresh] = leadingSeen(seen, ids, offsets[i], offsets[i + 1]);
      // The last token is always computed: it gives the first output.
      hit = Math.min(leading * blockTokens, Math.max(0, input - 1));
      sums.hitBlocks += leading;
      sums.newBlocks += fresh;
    }
    sums.requests++;
    sums.lastNs = Math.max(sums.lastNs, columns.arrivalNs[i]);
    sums.fullFlops += prefillFlops(llm, 0, input);
    sums.freshFlops += prefillFlops(llm, hit, input);
    sums.hitTokens += hit;
    sums.inputTokens += input;
    sums.outputTokens += output;
    sums.contextTokens += output * (input + output / 2);
  }
}

/** Fewest blocks of an LRU cache that serve `share` of the prefix hits of an unbounded one. */
function blocksFor(curve: LruCurve, share: number): { blocks: number; served: number } {
  const reachable = curve.at(Infinity).prefixHitBlocks;
  if (reachable === 0) return { blocks: 0, served: 0 };
  let [low, high] = [0, curve.saturationBlocks];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (curve.at(middle).prefixHitBlocks >= share * reachable) high = middle;
    else low = middle + 1;
  }
  return { blocks: low, served: curve.at(low).prefixHitBlocks / reachable };
}

/**
 * Reads a request trace once and sums what it asks for. Hits are those of an LRU cache just large enough
 * for `hitShare` of what an unbounded cache would hit; FLOPs of partial reuse are interpolated between
 * none and all of it.
 */
export async function requestDemand(
  trace: Trace,
  llm: LlmProfile,
  options: DemandOptions,
): Promise<Demand> {
  const { blockTokens, uniqueBlocks } = trace.meta as RequestTraceMeta;
  const caching = blockTokens !== null && uniqueBlocks !== null;
  const curve = caching ? createLruCurve(uniqueBlocks, "head") : null;
  const seen = caching ? new Uint8Array(uniqueBlocks) : null;
  const sums: Sums = {
    requests: 0,
    lastNs: 0,
    fullFlops: 0,
    freshFlops: 0,
    hitTokens: 0,
    inputTokens: 0,
    outputTokens: 0,
    contextTokens: 0,
    newBlocks: 0,
    hitBlocks: 0,
  };
  for await (const batch of trace.batches()) {
    const columns = batch as RequestColumns;
    addBatch(sums, columns, llm, blockTokens, seen);
    curve?.feed(columns);
  }
  const perToken = kvBytesPerToken(llm);
  const { blocks, served } = curve === null
    ? { blocks: 0, served: 0 }
    : blocksFor(curve.finish(), options.hitShare);
  const blockBytes = (blockTokens ?? 0) * perToken;
  const seconds = Math.max(1e-9, sums.lastNs / 1e9);
  const rate = options.peak / seconds;
  const reused = sums.fullFlops - served * (sums.fullFlops - sums.freshFlops);
  const weights = weightBytesRead(llm, options.batch) / options.batch;
  return {
    requests: sums.requests,
    seconds,
    recomputeFlopsPerSecond: sums.fullFlops * rate,
    reusedFlopsPerSecond: reused * rate,
    decodeBytesPerSecond: (sums.outputTokens * weights + sums.contextTokens * perToken) * rate,
    liveBytes: sums.contextTokens * options.secondsPerOutputToken * perToken * rate,
    heldBytes: blocks * blockBytes,
    reusedTokenRatio: sums.inputTokens === 0 ? 0 : served * sums.hitTokens / sums.inputTokens,
    reloadBytesPerSecond: served * sums.hitTokens * perToken * rate,
    storeBytesPerSecond: sums.newBlocks * blockBytes * rate,
    inputTokens: sums.inputTokens,
    outputTokens: sums.outputTokens,
  };
}
