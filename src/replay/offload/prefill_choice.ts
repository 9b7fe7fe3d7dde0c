import { attentionPairs } from "../../model/llm_math.ts";
import type { EngineConfig } from "./config.ts";
import { catchesUp } from "./behind.ts";
import type { Sequence } from "./request.ts";

/** The prompts of the next iteration and their work. */
export interface PrefillChoice {
  /** In order of start; `chunk` of each is how many of its tokens are computed. */
  readonly chosen: Sequence[];
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
  /**
   * When the first of the prompts that wait for loads can be computed beside the `decoding` sequences:
   * layer by layer, so that computing ends with the load; else after it. Infinity when none waits.
   */
  startSeconds(prefilling: readonly Sequence[], decoding: number): number;
}

/** Makes the chooser of an instance; `loadEnd` says when the loads of a sequence end. */
export function createPrefillChoice(
  config: EngineConfig,
  loadEnd: (sequence: Sequence) => number,
): PrefillChoice {
  const { llm, timing } = config;
  const window = llm.slidingWindow?.tokens ?? 0;
  const chosen: Sequence[] = [];
  const work = { tokens: 0, pairs: 0, extraFlops: 0, contextRead: 0, windowRead: 0 };
  return {
    chosen,
    work,
    choose(prefilling, decoding, now) {
      chosen.length = 0;
      work.tokens = 0;
      work.pairs = 0;
      work.extraFlops = 0;
      work.contextRead = 0;
      work.windowRead = 0;
      let budget = config.maxBatchTokens - decoding;
      let loadsUntil = 0;
      for (const sequence of prefilling) sequence.chunk = 0;
      for (const sequence of prefilling) {
        if (budget <= 0) break;
        if (sequence.behind.length > 0 && !catchesUp(sequence)) continue;
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
        sequence.chunk = chunk;
        budget -= chunk;
        work.tokens += chunk;
        work.pairs += pairs;
        work.extraFlops += sequence.restoreFlops;
        work.contextRead += sequence.computed;
        work.windowRead += Math.min(sequence.computed, window);
      }
      return loadsUntil;
    },
    startSeconds(prefilling, decoding) {
      let earliest = Infinity;
      for (const sequence of prefilling) {
        if (sequence.behind.length > 0) continue;
        let start = loadEnd(sequence);
        if (config.layerwise) {
          const left = sequence.target - sequence.computed;
          const chunk = Math.min(config.maxBatchTokens - decoding, left);
          const { computed: from, restoreFlops } = sequence;
          const pairs = attentionPairs(llm, from, from + chunk, config.causal);
          start -= timing.prefillSeconds(chunk, pairs, restoreFlops);
        }
        earliest = Math.min(earliest, start);
      }
      return earliest;
    },
  };
}
