import { attentionPairs } from "../../model/llm_math.ts";
import type { EngineConfig } from "./config.ts";
import type { Sequence } from "./request.ts";

/** The prompts of the next iteration and their work. */
export interface PrefillChoice {
  /** In order of start; `chunks[i]` is how many tokens of `chosen[i]` are computed. */
  readonly chosen: Sequence[];
  readonly chunks: number[];
  readonly work: {
    tokens: number;
    pairs: number;
    extraFlops: number;
    contextRead: number;
    windowRead: number;
  };
  /**
   * Chooses within the token budget, in order of start; returns when the last load of the chosen ends (0
   * when none is under way).
   */
  choose(prefilling: readonly Sequence[], decoding: number, nowSeconds: number): number;
}

/** Makes the chooser of an instance; `loadEnd` says when the loads of a sequence end. */
export function createPrefillChoice(
  config: EngineConfig,
  loadEnd: (sequence: Sequence) => number,
): PrefillChoice {
  const { llm, timing } = config;
  const window = llm.slidingWindow?.tokens ?? 0;
  const chosen: Sequence[] = [];
  const chunks: number[] = [];
  const work = { tokens: 0, pairs: 0, extraFlops: 0, contextRead: 0, windowRead: 0 };
  return {
    chosen,
    chunks,
    work,
    choose(prefilling, decoding, now) {
      chosen.length = 0;
      chunks.length = 0;
      work.tokens = 0;
      work.pairs = 0;
      work.extraFlops = 0;
      work.contextRead = 0;
      work.windowRead = 0;
      let budget = config.maxBatchTokens - decoding;
      let loadsUntil = 0;
      for (const sequence of prefilling) {
        if (budget <= 0) break;
        const chunk = Math.min(budget, sequence.target - sequence.computed);
        const to = sequence.computed + chunk;
        const pairs = attentionPairs(llm, sequence.computed, to, config.causal);
        const end = sequence.waits.length === 0 ? 0 : loadEnd(sequence);
        if (end > now) {
          if (!config.layerwise) continue;
          // Computing may follow the load layer by layer, but others must not wait long for it.
          const compute = timing.prefillSeconds(chunk, pairs, sequence.restoreFlops);
          if (end > now + compute && (decoding > 0 || chosen.length > 0)) continue;
        }
        loadsUntil = Math.max(loadsUntil, end);
        chosen.push(sequence);
        chunks.push(chunk);
        budget -= chunk;
        work.tokens += chunk;
        work.pairs += pairs;
        work.extraFlops += sequence.restoreFlops;
        work.contextRead += sequence.computed;
        work.windowRead += Math.min(sequence.computed, window);
      }
      return loadsUntil;
    },
  };
}
