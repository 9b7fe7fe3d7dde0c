import type { RequestOutcome } from "../../model/policy.ts";
import { createQuantileSketch, type QuantileSketch } from "./quantiles.ts";
import type { Lookup, Recorder } from "./recorder.ts";
import type { EngineRequest, Sequence } from "./request.ts";

/** Everything a replay counts over all instances. */
export interface Tally extends Recorder {
  readonly ttft: QuantileSketch;
  readonly tpot: QuantileSketch;
  readonly latency: QuantileSketch;
  readonly counts: TallyCounts;
  /** Hits by tier. */
  readonly tierHitBlocks: Float64Array;
  readonly tierHitTokens: Float64Array;
  /** Called after each completion, for closed loops. */
  onComplete: ((request: EngineRequest, atSeconds: number) => void) | null;
}

export interface TallyCounts {
  /** Requests that arrived, ended and were refused; warm-up requests are in these. */
  submitted: number;
  completed: number;
  rejected: number;
  /** Requests that met both latency objectives, of those counted in the latencies. */
  attained: number;
  inputTokens: number;
  outputTokens: number;
  listedBlocks: number;
  gpuHitBlocks: number;
  missedBlocks: number;
  gpuHitTokens: number;
  computedTokens: number;
  recomputedTokens: number;
  lookups: number;
  lastArrivalSeconds: number;
}

export interface TallyOptions {
  /** The first so many requests fill caches but do not count in latencies and hits. */
  readonly warmup: number;
  readonly sloTtft: number;
  readonly sloTpot: number;
  readonly tiers: number;
  /** Told of each request that ended and counts. */
  readonly onRequest?: (outcome: RequestOutcome) => void;
}

/** Makes an empty tally. */
export function createTally(options: TallyOptions): Tally {
  const ttft = createQuantileSketch();
  const tpot = createQuantileSketch();
  const latency = createQuantileSketch();
  const counts: TallyCounts = {
    submitted: 0,
    completed: 0,
    rejected: 0,
    attained: 0,
    inputTokens: 0,
    outputTokens: 0,
    listedBlocks: 0,
    gpuHitBlocks: 0,
    missedBlocks: 0,
    gpuHitTokens: 0,
    computedTokens: 0,
    recomputedTokens: 0,
    lookups: 0,
    lastArrivalSeconds: 0,
  };
  const tierHitBlocks = new Float64Array(options.tiers);
  const tierHitTokens = new Float64Array(options.tiers);
  const tally: Tally = {
    ttft,
    tpot,
    latency,
    counts,
    tierHitBlocks,
    tierHitTokens,
    onComplete: null,
    lookup(request: EngineRequest, found: Lookup) {
      counts.lastArrivalSeconds = Math.max(counts.lastArrivalSeconds, request.arrivalSeconds);
      if (request.index < options.warmup) return;
      counts.lookups++;
      counts.listedBlocks += found.listed;
      counts.gpuHitBlocks += found.gpuBlocks;
      counts.missedBlocks += found.missed;
      counts.gpuHitTokens += found.gpuTokens;
      for (let t = 0; t < tierHitBlocks.length; t++) {
        tierHitBlocks[t] += found.tierBlocks[t];
        tierHitTokens[t] += found.tierTokens[t];
      }
      counts.computedTokens += found.computedTokens;
      counts.inputTokens += request.inputTokens;
    },
    recomputed(tokens) {
      counts.recomputedTokens += tokens;
    },
    complete(sequence: Sequence, atSeconds: number) {
      const { request } = sequence;
      counts.completed++;
      counts.outputTokens += request.outputTokens;
      if (request.index >= options.warmup) {
        const first = sequence.firstTokenSeconds - sequence.arrivalSeconds;
        ttft.add(first);
        latency.add(atSeconds - sequence.arrivalSeconds);
        let each = 0;
        if (request.outputTokens > 1) {
          each = (atSeconds - sequence.firstTokenSeconds) / (request.outputTokens - 1);
          tpot.add(each);
        }
        if (first <= options.sloTtft && each <= options.sloTpot) counts.attained++;
        options.onRequest?.({
          index: request.index,
          ttftSeconds: first,
          latencySeconds: atSeconds - sequence.arrivalSeconds,
        });
      }
      tally.onComplete?.(request, atSeconds);
    },
    reject(request, atSeconds) {
      counts.rejected++;
      tally.onComplete?.(request, atSeconds);
    },
  };
  return tally;
}
