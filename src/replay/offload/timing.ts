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
  /** GPUs that share a layer. */
  readonly tensorParallel: number;
  /** Pipeline stages, each with its part of the layers. */
  readonly stages: number;
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
  /** The same on layers with a sliding window. */
  readonly windowRead: number;
}

/**
 * Makes the timing of an instance. With several pipeline stages the batch is split into as many
 * micro-batches, which follow one another through the stages: every stage reads its weights once for each
 * micro-batch, so stages help computing and capacity but not the time of one token. A long prompt is cut into
 * chunks that fill the stages (Mooncake's chunked pipeline parallelism).
 */
export function createTiming(input: TimingInput): Timing {
  const { llm, tensorParallel, stages, flops, memoryBytesPerSecond: bandwidth } = input;
  const linear = linearFlopsPerToken(llm);
  const perPair = attentionFlopsPerPair(llm);
  const away = input.contextReadSecondsPerToken;
  const windowed = away === undefined ? llm.slidingWindow?.layers ?? 0 : 0;
  const window = llm.slidingWindow?.tokens ?? 0;
  const full = away === undefined ? llm.layers - windowed : 0;
  const layerBytes = kvBytesPerTokenRank(llm, tensorParallel) * tensorParallel / llm.layers *
    (input.contextBytesRatio ?? 1);
  // Two all-reduces a layer move 2*(g-1)/g of the activations each; between stages they move once.
  const activation = llm.hidden * 2 / input.gpuBytesPerSecond;
  const reduces = tensorParallel === 1
    ? 0
    : 2 * llm.layers * (2 * (tensorParallel - 1) / tensorParallel) * activation;
  const collective = reduces / stages + (stages === 1 ? 0 : activation);
  const overhead = input.overheadSeconds * stages;
  /** Micro-batches that `units` sequences or chunks of tokens make. */
  const groups = (units: number): number => Math.min(stages, Math.max(1, units));
  const weightSeconds = (tokens: number): number =>
    stages * weightBytesRead(llm, tokens / groups(tokens)) / bandwidth;

  /** A decode step as two lines in the total context; beyond the window its layers' part is constant. */
  const linesOf = (sequences: number, beyond: boolean): readonly (readonly Line[])[] => {
    const fixed = overhead + sequences * collective;
    const layers = full + (beyond ? 0 : windowed);
    const held = beyond ? windowed * window * sequences : 0;
    const idle = stages / groups(sequences);
    const gpu: Line[] = [
      {
        at: fixed + (sequences * linear + perPair * held) * idle / flops,
        slope: layers * perPair * idle / flops,
      },
      {
        at: fixed + weightSeconds(sequences) + layerBytes * held * idle / bandwidth,
        slope: layers * layerBytes * idle / bandwidth,
      },
    ];
    const beside = input.decodeBeside?.(sequences);
    return beside === undefined ? [gpu] : [gpu, beside];
  };
  type Groups = readonly (readonly Line[])[];
  const within: (Groups | undefined)[] = new Array(input.maxSequences + 1);
  const beyond: (Groups | undefined)[] = new Array(input.maxSequences + 1);
  const sum = (lines: Groups, sequences: number, context: number, steps: number): number => {
    let seconds = 0;
    for (const group of lines) seconds += sumHighest(group, context, sequences, steps);
    return seconds;
  };
  /** Layer-tokens of context a decode step attends to. */
  const attended = (sequences: number, context: number): number =>
    full * context + windowed * Math.min(context, sequences * window);

  return {
    iteration(prefill, sequences, context) {
      const tokens = prefill.tokens + sequences;
      const seen = attended(sequences, context);
      // Stages that find no micro-batch to work on stand still, and their memory with them.
      const idle = stages / groups(tokens);
      const compute = (tokens * linear + perPair * (prefill.pairs + seen) + prefill.extraFlops) *
        idle / flops;
      const read = away === undefined
        ? full * prefill.contextRead + windowed * prefill.windowRead
        : 0;
      const memory = weightSeconds(tokens) + layerBytes * (seen + read) * idle / bandwidth;
      const beside = sequences === 0 ? undefined : input.decodeBeside?.(sequences);
      return Math.max(compute, memory) + overhead + tokens * collective +
        (away ?? 0) * prefill.contextRead +
        (beside === undefined ? 0 : highest(beside, context));
    },
    decode(sequences, context, steps) {
      const near = within[sequences] ??= linesOf(sequences, false);
      if (windowed === 0) return sum(near, sequences, context, steps);
      const edge = (sequences * window - context) / sequences;
      const before = Math.min(steps, Math.max(0, Math.ceil(edge)));
      const far = beyond[sequences] ??= linesOf(sequences, true);
      return sum(near, sequences, context, before) +
        sum(far, sequences, context + before * sequences, steps - before);
    },
    prefillSeconds: (tokens, pairs, extraFlops) =>
      (tokens * linear + perPair * pairs + extraFlops) / flops + tokens * collective,
  };
}
