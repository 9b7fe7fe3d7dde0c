import { createRandom, type Random } from "../stats/random.ts";

/** Parameters of a generated chat trace. Lengths are tokens, times seconds. */
export interface ChatTraceParams {
  readonly seed: number;
  readonly sessions: number;
  /** Mean time between the starts of sessions (Poisson arrivals). */
  readonly meanSessionGapSeconds: number;
  /** Mean number of turns of a session (geometric). */
  readonly meanTurns: number;
  /** Mean think time between an answer and the next question. */
  readonly meanThinkSeconds: number;
  /** Number of different system prompts, chosen by a Zipf law with exponent 1. */
  readonly systemPrompts: number;
  readonly systemPromptTokens: number;
  /** Median of the log-normal length of a user message, and of an answer. */
  readonly medianMessageTokens: number;
  readonly medianAnswerTokens: number;
  /** Standard deviation of the logarithm of both lengths. */
  readonly lengthSigma: number;
  /** Longest context; a session that would pass it ends. */
  readonly maxContextTokens: number;
  /** Tokens a block covers: 512 as in the Mooncake traces. */
  readonly blockTokens: number;
  /** Output tokens a second, used only to place the next turn after the answer. */
  readonly answerTokensPerSecond: number;
}

export const DEFAULT_CHAT: ChatTraceParams = {
  seed: 1,
  sessions: 300,
  meanSessionGapSeconds: 2,
  meanTurns: 4,
  meanThinkSeconds: 20,
  systemPrompts: 12,
  systemPromptTokens: 1024,
  medianMessageTokens: 180,
  medianAnswerTokens: 220,
  lengthSigma: 0.9,
  maxContextTokens: 32_768,
  blockTokens: 512,
  answerTokensPerSecond: 40,
};

/** One request of a chat session. */
export interface GeneratedRequest {
  readonly arrivalMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly session: number;
  readonly turn: number;
  /** Milliseconds between the end of the previous answer and this request; null for a first turn. */
  readonly thinkMs: number | null;
  /** Ids of the blocks of the prompt; equal ids mean equal content and equal prefix. */
  readonly blocks: readonly number[];
}

/** Index 0..n-1 by a Zipf law with exponent 1, from its cumulative weights. */
function zipfPicker(count: number): (random: Random) => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) cumulative[i] = sum += 1 / (i + 1);
  return (random) => {
    const target = random.float() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function logNormal(random: Random, median: number, sigma: number): number {
  return Math.max(1, Math.round(median * Math.exp(sigma * random.normal())));
}

/** Shares the ids of full blocks of a system prompt between the sessions that use it. */
function createBlockNamer(params: ChatTraceParams) {
  let next = 0;
  const system = new Map<number, number[]>();
  const sharedFull = Math.floor(params.systemPromptTokens / params.blockTokens);
  return {
    start(prompt: number): number[] {
      let ids = system.get(prompt);
      if (ids === undefined) {
        ids = Array.from({ length: sharedFull }, () => next++);
        system.set(prompt, ids);
      }
      return [...ids];
    },
    /**
     * Extends a session's list to cover `tokens`. The partial block at the end of the previous prompt held
     * other content, so it is replaced: only `keptFull` blocks keep their ids.
     */
    extend(list: number[], keptFull: number, tokens: number): number[] {
      const blocks = list.slice(0, Math.max(keptFull, Math.min(sharedFull, list.length)));
      const wanted = Math.ceil(tokens / params.blockTokens);
      while (blocks.length < wanted) blocks.push(next++);
      return blocks;
    },
  };
}

/** Sessions between two looks at what can be given away: sorting few at a time keeps the memory small. */
const SESSIONS_A_ROUND = 4096;

/**
 * A seeded stream of chat requests: each turn's prompt is the whole conversation so far, so that turns of one
 * session share a growing prefix, and sessions share system prompts. Requests come in arrival order, equal
 * times in order of session; the same parameters give the same requests. Only requests of sessions that
 * overlap are held, so that any number can be made.
 */
export function* chatRequests(params: ChatTraceParams): Generator<GeneratedRequest> {
  const random = createRandom(params.seed);
  const pickPrompt = zipfPicker(params.systemPrompts);
  const namer = createBlockNamer(params);
  let waiting: GeneratedRequest[] = [];
  let sessionStart = 0;
  for (let session = 0; session < params.sessions; session++) {
    sessionStart += random.exponential(params.meanSessionGapSeconds);
    if (session % SESSIONS_A_ROUND === 0 && session > 0) {
      // Nothing that comes later arrives before this session does. The sort is stable.
      const until = Math.round(sessionStart * 1000);
      waiting.sort((a, b) => a.arrivalMs - b.arrivalMs);
      const later = waiting.findIndex((request) => request.arrivalMs > until);
      const ready = later < 0 ? waiting.length : later;
      yield* waiting.slice(0, ready);
      waiting = waiting.slice(ready);
    }
    let at = sessionStart;
    let context = params.systemPromptTokens;
    let blocks = namer.start(pickPrompt(random));
    let thinkMs: number | null = null;
    for (let turn = 0;; turn++) {
      const keptFull = Math.floor(context / params.blockTokens);
      const input = context + logNormal(random, params.medianMessageTokens, params.lengthSigma);
      const output = logNormal(random, params.medianAnswerTokens, params.lengthSigma);
      if (input + output > params.maxContextTokens) break;
      blocks = namer.extend(blocks, Math.min(keptFull, blocks.length), input);
      waiting.push({
        arrivalMs: Math.round(at * 1000),
        inputTokens: input,
        outputTokens: output,
        session,
        turn,
        thinkMs,
        blocks: [...blocks],
      });
      if (random.float() < 1 / params.meanTurns) break;
      const think = random.exponential(params.meanThinkSeconds);
      thinkMs = Math.round(think * 1000);
      at += output / params.answerTokensPerSecond + think;
      // Only the prompt's own full blocks can be found again: the answer's tokens follow them.
      context = input + output;
      blocks = blocks.slice(0, Math.floor(input / params.blockTokens));
    }
  }
  yield* waiting.sort((a, b) => a.arrivalMs - b.arrivalMs);
}

/** All requests of {@link chatRequests} at once. */
export function generateChatTrace(params: ChatTraceParams): GeneratedRequest[] {
  return [...chatRequests(params)];
}
