import { createQuantileSketch, type QuantileSketch } from "./quantiles.ts";
import type { Lookup, Recorder } from "./recorder.ts";
import type { EngineRequest, Sequence } from "./request.ts";

/** Everything a replay counts over all instances. */
export interface Tally extends Recorder {
  readonly ttft: QuantileSketch;
  readonly tpot: QuantileSketch;
  readonly latency: QuantileSketch;
  readonly counts: TallyCounts;
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
  tierHitBlocks: number;
  gpuHitTokens: number;
  tierHitTokens: number;
  computedTokens: number;
  recomputedTokens: number;
  lookups: number;
}

/** Makes an empty tally; the first `warmup` requests fill caches but do not count in latencies and hits. */
export function createTally(options: { warmup: number; sloTtft: number; sloTpot: number }): Tally {
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
    tierHitBlocks: 0,
    gpuHitTokens: 0,
    tierHitTokens: 0,
    computedTokens: 0,
    recomputedTokens: 0,
    lookups: 0,
  };
  const tally: Tally = {
    ttft,
    tpot,
    latency,
    counts,
    onComplete: null,
    lookup(request: EngineRequest, found: Lookup) {
      if (request.index < options.warmup) return;
      counts.lookups++;
      counts.listedBlocks += found.listed;
      counts.gpuHitBlocks += found.gpuBlocks;
      counts.tierHitBlocks += found.tierBlocks;
      counts.gpuHitTokens += found.gpuTokens;
      counts.tierHitTokens += found.tierTokens;
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
      }
      tally.onComplete?.(request, atSeconds);
    },
    reject(request) {
      counts.rejected++;
      tally.onComplete?.(request, request.arrivalSeconds);
    },
  };
  return tally;
}
