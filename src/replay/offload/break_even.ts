import {
  attentionFlopsPerPair,
  hiddenBytesPerTokenLayer,
  hiddenOverKv,
  kvBytesPerToken,
  kvBytesPerTokenLayer,
  linearFlopsPerToken,
  linearFlopsPerTokenLayer,
  projectionFlopsPerTokenLayer,
} from "../../model/llm_math.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import { bestSplit, type LayerTimes, type Split } from "./hcache_split.ts";

/** Mooncake's equation 2 (FAST 2025). */
export interface MooncakeInput {
  /** Tokens of the reused prefix. */
  readonly prefixTokens: number;
  readonly hidden: number;
  readonly bytesPerElement: number;
  /** Query heads a KV head. */
  readonly groupSize: number;
  readonly flops: number;
  /** Coefficient of n*n*d in the FLOPs of a layer. */
  readonly a: number;
  /** Coefficient of n*d*d; the paper takes 22, the exact value for Llama-3-70B is 25.5. */
  readonly b: number;
}

/**
 * Smallest bandwidth, bytes a second, at which loading a cached prefix beats recomputing it:
 * `2*d*s*G / (gqa*(a*p*d + b*d^2))` (Mooncake, FAST 2025, equation 2).
 */
export function mooncakeMinimumBandwidth(input: MooncakeInput): number {
  const { prefixTokens: p, hidden: d, bytesPerElement: s, groupSize, flops, a, b } = input;
  return 2 * d * s * flops / (groupSize * (a * p * d + b * d * d));
}

/** Coefficient of d*d in the linear FLOPs of a layer: the exact `b` of Mooncake's equation. */
export function exactLinearCoefficient(llm: LlmProfile): number {
  return linearFlopsPerTokenLayer(llm) / (llm.hidden * llm.hidden);
}

/** Rates that a restore sees. */
export interface RestoreRates {
  /** Bytes a second of the whole path from the tier to the GPUs. */
  readonly bytesPerSecond: number;
  /** Achieved FLOPS of all GPUs that work on the request. */
  readonly flops: number;
}

/** Seconds a layer takes for restoring `tokens` tokens, reading or computing. */
export function layerTimes(
  llm: LlmProfile,
  tokens: number,
  rates: RestoreRates,
  attention: "none" | "causal" | "full" = "none",
): LayerTimes {
  const pairs = attention === "none" ? 0 : tokens * tokens * (attention === "full" ? 1 : 0.5);
  return {
    readHidden: tokens * hiddenBytesPerTokenLayer(llm) / rates.bytesPerSecond,
    readKv: tokens * kvBytesPerTokenLayer(llm) / rates.bytesPerSecond,
    project: tokens * projectionFlopsPerTokenLayer(llm) / rates.flops,
    recompute: (tokens * linearFlopsPerTokenLayer(llm) + pairs * attentionFlopsPerPair(llm)) /
      rates.flops,
  };
}

/** Thresholds that say before any replay whether a method can pay. Bandwidths in bytes a second. */
export interface BreakEven {
  readonly kvBytesPerToken: number;
  readonly hiddenBytesPerToken: number;
  readonly hiddenOverKv: number;
  readonly recomputeOverProjectionFlops: number;
  /** Hidden states are smaller than the KV cache. */
  readonly hiddenIsSmaller: boolean;
  /** Loading KV beats recomputing above this. */
  readonly kvBeatsRecompute: number;
  /** Hidden states alone beat recomputing above this; null where projecting costs more than recomputing. */
  readonly hiddenBeatsRecompute: number | null;
  /** Hidden states alone beat loading KV below this; null where they are not smaller. */
  readonly hiddenBeatsKvBelow: number | null;
  readonly split: Split;
  readonly kvSeconds: number;
  readonly hiddenSeconds: number;
  readonly recomputeSeconds: number;
}

/**
 * The break-even table of section 3 for one model and one machine, at a prefix of `tokens` tokens.
 * Thresholds leave attention out (they hold for short prompts and are conservative for long ones); the
 * times include it when asked. `kvCopies`: ranks that each load the same KV (MLA's latent, or more ranks
 * than KV heads); hidden states are read by one rank, which gathers them to the others.
 */
export function breakEven(
  llm: LlmProfile,
  tokens: number,
  rates: RestoreRates,
  attention: "none" | "causal" | "full" = "none",
  kvCopies = 1,
): BreakEven {
  const one = layerTimes(llm, tokens, rates, attention);
  const times = { ...one, readKv: kvCopies * one.readKv };
  const linear = linearFlopsPerTokenLayer(llm);
  const projection = projectionFlopsPerTokenLayer(llm);
  const ratio = hiddenOverKv(llm);
  return {
    kvBytesPerToken: kvBytesPerToken(llm),
    hiddenBytesPerToken: llm.layers * hiddenBytesPerTokenLayer(llm),
    hiddenOverKv: ratio,
    recomputeOverProjectionFlops: linear / projection,
    hiddenIsSmaller: ratio < 1,
    kvBeatsRecompute: kvCopies * kvBytesPerToken(llm) * rates.flops / linearFlopsPerToken(llm),
    hiddenBeatsRecompute: projection < linear
      ? hiddenBytesPerTokenLayer(llm) * rates.flops / linear
      : null,
    // Projecting must not take longer than reading the KV: BW < G*eta*kvBytes/projection, n_kv cancels.
    hiddenBeatsKvBelow: ratio < 1
      ? kvCopies * kvBytesPerTokenLayer(llm) * rates.flops / projection
      : null,
    split: bestSplit(times, llm.layers),
    kvSeconds: llm.layers * times.readKv,
    hiddenSeconds: llm.layers * Math.max(times.readHidden, times.project),
    recomputeSeconds: llm.layers * times.recompute,
  };
}
