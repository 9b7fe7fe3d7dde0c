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

/**
 * Parameters of the model's layers and of what surrounds them. The projections come from the shape; norms and
 * biases are added: two RMS norms a layer (2h) for gated feed-forward parts, else two layer norms and the biases
 * of six matrices (13h). A published total wins: its difference is spread over the layers.
 */
export function trainedParameters(
  llm: LlmProfile,
): { layer: number; embedding: number; output: number } {
  const { hidden, layers } = llm;
  const embedding = llm.vocab * hidden;
  const gated = llm.mlpMatrices === 3;
  const output = embedding + (gated ? hidden : 2 * hidden);
  if (llm.parameters !== null) {
    return { layer: (llm.parameters - embedding - output) / layers, embedding, output };
  }
  const projections = (parameterCount(llm) - 2 * embedding) / layers;
  return { layer: projections + (gated ? 2 : 13) * hidden, embedding, output };
}
