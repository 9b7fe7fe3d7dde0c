import {
  attentionFlopsPerPair,
  kvBytesPerTokenRank,
  linearFlopsPerToken,
  weightBytesRead,
} from "../../model/llm_math.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import { highest, type Line, sumHighest } from "./lines.ts";

/** What the roofline needs of one instance; all rates are of the whole instance, efficiencies included. */
export interface TimingInput {
  readonly llm: LlmProfile;
  readonly gpus: number;
  readonly flops: number;
  readonly memoryBytesPerSecond: number;
  /** Between GPUs, one direction, of one GPU. */
  readonly gpuBytesPerSecond: number;
  readonly overheadSeconds: number;
  readonly maxSequences: number;
  /** Extra seconds a decode step needs beside the GPU, as maxima of lines in the total context. */
  readonly decodeBeside?: (sequences: number) => readonly Line[];
  /** Given when the context does not lie in GPU memory: seconds a prompt waits for each token of it. */
  readonly contextReadSecondsPerToken?: number;
  /** Bytes of KV a context token costs to read in decode, over the plain ones (compression below 1). */
  readonly contextBytesRatio?: number;
}

/** Seconds of iterations, by a roofline: the slower of computing and memory, plus collectives and overhead. */
export interface Timing {
  /** One iteration: `tokens` prefilled with `pairs` query-key pairs a layer-sum, `flops` beside, and decodes. */
  iteration(prefill: PrefillWork, sequences: number, context: number): number;
  /** `steps` decode iterations of `sequences` sequences whose total context starts at `context`. */
  decode(sequences: number, context: number, steps: number): number;
  /** Computing alone of `tokens` prefilled tokens, for predictions. */
  prefillSeconds(tokens: number, pairs: number, extraFlops: number): number;
}

export interface PrefillWork {
  readonly tokens: number;
  /** Query-key pairs summed over layers. */
  readonly pairs: number;
  readonly extraFlops: number;
  /** Tokens of context that the chunks read from memory. */
  readonly contextRead: number;
}

/** Makes the timing of an instance. */
export function createTiming(input: TimingInput): Timing {
  const { llm, gpus, flops, memoryBytesPerSecond: bandwidth } = input;
  const linear = linearFlopsPerToken(llm);
  const perPair = attentionFlopsPerPair(llm);
  const away = input.contextReadSecondsPerToken;
  const contextBytes = away === undefined
    ? kvBytesPerTokenRank(llm, gpus) * gpus * (input.contextBytesRatio ?? 1)
    : 0;
  const pairLayers = away === undefined ? llm.layers : 0;
  // Two all-reduces a layer move 2*(g-1)/g of the activations each.
  const collective = gpus === 1
    ? 0
    : 2 * llm.layers * (2 * (gpus - 1) / gpus) * llm.hidden * 2 / input.gpuBytesPerSecond;

  const linesOf = (sequences: number): readonly (readonly Line[])[] => {
    const fixed = input.overheadSeconds + sequences * collective;
    const gpu: Line[] = [
      { at: fixed + sequences * linear / flops, slope: pairLayers * perPair / flops },
      {
        at: fixed + weightBytesRead(llm, sequences) / bandwidth,
        slope: contextBytes / bandwidth,
      },
    ];
    const beside = input.decodeBeside?.(sequences);
    return beside === undefined ? [gpu] : [gpu, beside];
  };
  const groups: (readonly (readonly Line[])[] | undefined)[] = new Array(input.maxSequences + 1);
  const groupsOf = (sequences: number) => groups[sequences] ??= linesOf(sequences);

  return {
    iteration(prefill, sequences, context) {
      const tokens = prefill.tokens + sequences;
      const compute = (tokens * linear + perPair * (prefill.pairs + pairLayers * context) +
        prefill.extraFlops) / flops;
      const memory = (weightBytesRead(llm, tokens) +
        contextBytes * (context + prefill.contextRead)) / bandwidth;
      const beside = sequences === 0 ? undefined : input.decodeBeside?.(sequences);
      return Math.max(compute, memory) + input.overheadSeconds + tokens * collective +
        (away ?? 0) * prefill.contextRead +
        (beside === undefined ? 0 : highest(beside, context));
    },
    decode(sequences, context, steps) {
      let seconds = 0;
      for (const lines of groupsOf(sequences)) {
        seconds += sumHighest(lines, context, sequences, steps);
      }
      return seconds;
    },
    prefillSeconds: (tokens, pairs, extraFlops) =>
      (tokens * linear + perPair * pairs + extraFlops) / flops + tokens * collective,
  };
}
