import { attentionFlopsPerPair, linearFlopsPerToken, parameterCount } from "./llm_math.ts";
import type { LlmProfile } from "./profiles/llm.ts";

/**
 * Bytes and FLOPs of training a transformer. Symbols: s sequence length, b samples, h hidden, a attention
 * heads, L layers. Activations are kept in 16 bits.
 */

/** Bytes a parameter of mixed-precision Adam (ZeRO, SC 2020, section 3.1). */
export const STATE_BYTES = { parameter: 2, gradient: 2, optimizer: 12 } as const;

/**
 * Activations that a layer keeps for its backward pass, without the attention matrix: `34*s*b*h` (Korthikanti
 * et al. 2022, "Reducing Activation Recomputation", equation 1); what flash attention leaves.
 */
export function activationBytesWithoutScores(
  sequence: number,
  samples: number,
  hidden: number,
): number {
  return 34 * sequence * samples * hidden;
}

/** The attention matrices of a layer: `5*a*s^2*b` (the second term of the same equation). */
export function attentionScoreBytes(sequence: number, samples: number, heads: number): number {
  return 5 * heads * sequence * sequence * samples;
}

/** Input of a layer: `2*s*b*h`, all that full recomputation keeps. */
export function layerInputBytes(sequence: number, samples: number, hidden: number): number {
  return 2 * sequence * samples * hidden;
}

/** Keys and values of a layer in 16 bits: `2*s*b` times the elements of a token. */
export function layerKvBytes(
  sequence: number,
  samples: number,
  elementsPerTokenLayer: number,
): number {
  return 2 * sequence * samples * elementsPerTokenLayer;
}

/** FLOPs of a forward pass over `samples` sequences: linear layers, attention and the output layer. */
export function forwardFlops(
  llm: LlmProfile,
  sequence: number,
  samples: number,
  causal: boolean,
): { linear: number; attention: number; head: number } {
  const pairs = causal ? sequence * sequence / 2 : sequence * sequence;
  return {
    linear: samples * sequence * linearFlopsPerToken(llm),
    attention: samples * llm.layers * attentionFlopsPerPair(llm) * pairs,
    head: 2 * samples * sequence * llm.hidden * llm.vocab,
  };
}

/** Parameters of one of the model's layers, embeddings left out; leading dense layers of a mixture averaged. */
export function parametersOfLayer(llm: LlmProfile): number {
  return (parameterCount(llm) - 2 * llm.vocab * llm.hidden) / llm.layers;
}
