import {
  attentionFlopsPerPair,
  kvBytesPerTokenRank,
  linearFlopsPerToken,
  weightBytesRead,
} from "../../model/llm_math.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import { highest, type Line, sumHighest } from "./lines.ts";

/** The sequences that decode together, as the timing needs them. */
export interface DecodeLoad {
  /** Sequences. */
  readonly size: number;
  /** Tokens in their caches. */
  readonly context: number;
  /** The same where a layer keeps a window: at most the window of each sequence. */
  readonly windowContext: number;
  /** Sequences that are still shorter than the window. */
  readonly growing: number;
}

/** Nothing decodes. */
export const IDLE_LOAD: DecodeLoad = { size: 0, context: 0, windowContext: 0, growing: 0 };

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
  iteration(prefill: PrefillWork, decoding: DecodeLoad): number;
  /** `steps` decode iterations from a load on, in which no sequence ends or reaches the window. */
  decode(decoding: DecodeLoad, steps: number): number;
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

  /** A decode step as lines in the layer-tokens of context attended to: what each resource needs. */
  const linesOf = (sequences: number): readonly Line[] => {
    const fixed = overhead + sequences * collective;
    const idle = stages / groups(sequences);
    return [
      { at: fixed + sequences * linear * idle / flops, slope: perPair * idle / flops },
      { at: fixed + weightSeconds(sequences), slope: layerBytes * idle / bandwidth },
    ];
  };
  const lines: (readonly Line[] | undefined)[] = new Array(input.maxSequences + 1);
  /** Layer-tokens of context that a decode step attends to. */
  const attended = ({ context, windowContext }: DecodeLoad): number =>
    full * context + windowed * windowContext;

  return {
    iteration(prefill, decoding) {
      const { size, context } = decoding;
      const tokens = prefill.tokens + size;
      const seen = attended(decoding);
      // Stages that find no micro-batch to work on stand still, and their memory with them.
      const idle = stages / groups(tokens);
      const compute = (tokens * linear + perPair * (prefill.pairs + seen) + prefill.extraFlops) *
        idle / flops;
      const read = away === undefined
        ? full * prefill.contextRead + windowed * prefill.windowRead
        : 0;
      const memory = weightSeconds(tokens) + layerBytes * (seen + read) * idle / bandwidth;
      const beside = size === 0 ? undefined : input.decodeBeside?.(size);
      return Math.max(compute, memory) + overhead + tokens * collective +
        (away ?? 0) * prefill.contextRead +
        (beside === undefined ? 0 : highest(beside, context));
    },
    decode(decoding, steps) {
      const { size, context, growing } = decoding;
      const gpu = lines[size] ??= linesOf(size);
      const seconds = sumHighest(gpu, attended(decoding), full * size + windowed * growing, steps);
      const beside = input.decodeBeside?.(size);
      return beside === undefined ? seconds : seconds + sumHighest(beside, context, size, steps);
    },
    prefillSeconds: (tokens, pairs, extraFlops) =>
      (tokens * linear + perPair * pairs + extraFlops) / flops + tokens * collective,
  };
}
