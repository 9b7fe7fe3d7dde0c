import type { LlmProfile } from "./profiles/llm.ts";

/**
 * Bytes and FLOPs of transformer inference, per token and layer. Symbols as in the literature: D hidden,
 * n_q and n_kv heads, d_h head dimension, F feed-forward width, N tokens. A multiply-add counts 2 FLOPs.
 */

/** Activations and hidden states are kept in 16 bits whatever the cache's type. */
export const HIDDEN_BYTES_PER_ELEMENT = 2;

/** Elements the cache holds for one token in one layer: `2*n_kv*d_h`, or the latent of MLA (no factor 2). */
export function kvElementsPerTokenLayer(llm: LlmProfile): number {
  return llm.attention === "MLA"
    ? (llm.kvLoraRank ?? 0) + (llm.qkRopeHeadDim ?? 0)
    : 2 * llm.kvHeads * llm.headDim;
}

/** Bytes of KV cache of one token in one layer. */
export function kvBytesPerTokenLayer(llm: LlmProfile): number {
  return kvElementsPerTokenLayer(llm) * llm.kvBytesPerElement;
}

/** Bytes of KV cache of one token over all layers, when every layer keeps the full context. */
export function kvBytesPerToken(llm: LlmProfile): number {
  return llm.layers * kvBytesPerTokenLayer(llm);
}

/** Bytes of KV cache of one token if MLA's latent were expanded to its heads (or plain KV otherwise). */
export function expandedKvBytesPerToken(llm: LlmProfile): number {
  if (llm.attention !== "MLA") return kvBytesPerToken(llm);
  const perHead = (llm.qkNopeHeadDim ?? 0) + (llm.qkRopeHeadDim ?? 0) + (llm.vHeadDim ?? 0);
  return llm.layers * llm.queryHeads * perHead * llm.kvBytesPerElement;
}

/**
 * Bytes of KV cache of one token that one rank of a tensor-parallel group holds over all layers:
 * `ceil(n_kv/TP)` heads (Vidur's form: replicated when TP exceeds the heads); MLA's latent is replicated.
 */
export function kvBytesPerTokenRank(llm: LlmProfile, tensorParallel: number): number {
  if (llm.attention === "MLA") return kvBytesPerToken(llm);
  const heads = Math.ceil(llm.kvHeads / tensorParallel);
  return llm.layers * 2 * heads * llm.headDim * llm.kvBytesPerElement;
}

/** Bytes of KV cache of a sequence: layers with a sliding window keep at most the window. */
export function kvBytesOfSequence(llm: LlmProfile, tokens: number): number {
  const perLayer = kvBytesPerTokenLayer(llm);
  const window = llm.slidingWindow;
  if (window === null) return llm.layers * perLayer * tokens;
  return perLayer * ((llm.layers - window.layers) * tokens +
    window.layers * Math.min(tokens, window.tokens));
}

/** Bytes of the hidden state of one token in one layer: `D*2`. */
export function hiddenBytesPerTokenLayer(llm: LlmProfile): number {
  return llm.hidden * HIDDEN_BYTES_PER_ELEMENT;
}

/** Bytes of the hidden states of one token over all layers. */
export function hiddenBytesPerToken(llm: LlmProfile): number {
  return llm.layers * hiddenBytesPerTokenLayer(llm);
}

/**
 * Bytes of hidden states over bytes of KV cache: below 1 hidden states are smaller, which for standard
 * attention in 16 bits means `D < 2*n_kv*d_h`. Never decide by the label of the attention.
 */
export function hiddenOverKv(llm: LlmProfile): number {
  return hiddenBytesPerTokenLayer(llm) / kvBytesPerTokenLayer(llm);
}

/** Multiply-adds of the attention projections of one token in one layer. */
function attentionProjectionSize(llm: LlmProfile): number {
  const { hidden, queryHeads, kvHeads, headDim } = llm;
  if (llm.attention !== "MLA") {
    return 2 * hidden * queryHeads * headDim + 2 * hidden * kvHeads * headDim;
  }
  const [nope, rope] = [llm.qkNopeHeadDim ?? 0, llm.qkRopeHeadDim ?? 0];
  const [rank, value] = [llm.kvLoraRank ?? 0, llm.vHeadDim ?? 0];
  const queryRank = llm.qLoraRank ?? 0;
  const query = queryRank > 0
    ? hidden * queryRank + queryRank * queryHeads * (nope + rope)
    : hidden * queryHeads * (nope + rope);
  return query + hidden * (rank + rope) + rank * queryHeads * (nope + value) +
    queryHeads * value * hidden;
}

/** Multiply-adds of the feed-forward parts of one token over all layers (active experts only). */
function feedForwardSize(llm: LlmProfile): number {
  const dense = llm.mlpMatrices * llm.hidden * llm.ffn;
  if (llm.moe === null) return llm.layers * dense;
  const { experts, topK, ffn, sharedFfn, firstDense } = llm.moe;
  const active = llm.mlpMatrices * llm.hidden * (topK * ffn + sharedFfn) + llm.hidden * experts;
  return firstDense * dense + (llm.layers - firstDense) * active;
}

/** FLOPs of the linear layers of one token over all layers: `2*(2*D*n_q*d_h + 2*D*n_kv*d_h + m*D*F)`. */
export function linearFlopsPerToken(llm: LlmProfile): number {
  return 2 * (llm.layers * attentionProjectionSize(llm) + feedForwardSize(llm));
}

/** FLOPs of the linear layers of one token, mean over the layers (leading dense layers of MoE differ). */
export function linearFlopsPerTokenLayer(llm: LlmProfile): number {
  return linearFlopsPerToken(llm) / llm.layers;
}

/** FLOPs of attention scores and values for one query token against one key, one layer. */
export function attentionFlopsPerPair(llm: LlmProfile): number {
  if (llm.attention !== "MLA") return 4 * llm.queryHeads * llm.headDim;
  const [nope, rope] = [llm.qkNopeHeadDim ?? 0, llm.qkRopeHeadDim ?? 0];
  return 2 * llm.queryHeads * (nope + rope + (llm.vHeadDim ?? 0));
}

/**
 * Query-key pairs, summed over the layers, of computing tokens `from..to-1` of a sequence. Causal: a
 * token sees itself and what is before it (counted as positions p + 1/2, so a whole prompt is N*N/2);
 * full counts N*N as Vidur and Mooncake do. Windowed layers see at most their window.
 */
export function attentionPairs(
  llm: LlmProfile,
  from: number,
  to: number,
  causal = true,
): number {
  const full = causal ? (to * to - from * from) / 2 : (to - from) * to;
  const window = llm.slidingWindow;
  if (window === null) return llm.layers * full;
  // Tokens past the window see exactly `window` keys.
  const edge = Math.min(to, Math.max(from, window.tokens));
  const below = causal
    ? (edge * edge - from * from) / 2
    : (edge - from) * Math.min(to, window.tokens);
  const windowed = below + (to - edge) * window.tokens;
  return (llm.layers - window.layers) * full + window.layers * Math.min(full, windowed);
}

/**
 * Share of the layers' KV that continuing at token `to` needs of the tokens `from..to-1`: layers with a
 * sliding window need the last `window` tokens only. 1 without windows.
 */
export function restoredShare(llm: LlmProfile, from: number, to: number): number {
  const window = llm.slidingWindow;
  if (window === null || to <= from) return 1;
  const inWindow = to - Math.max(from, to - window.tokens);
  return ((llm.layers - window.layers) + window.layers * inWindow / (to - from)) / llm.layers;
}

/** FLOPs to compute tokens `from..to-1` of a sequence, linear layers and attention, all layers. */
export function prefillFlops(llm: LlmProfile, from: number, to: number, causal = true): number {
  return (to - from) * linearFlopsPerToken(llm) +
    attentionFlopsPerPair(llm) * attentionPairs(llm, from, to, causal);
}

/** FLOPs to project one token's KV from its hidden state in one layer: `4*D*n_kv*d_h`; MLA `2*D*(r+rope)`. */
export function projectionFlopsPerTokenLayer(llm: LlmProfile): number {
  return 2 * llm.hidden * kvElementsPerTokenLayer(llm);
}

/** FLOPs of recomputing one token over those of projecting it from hidden states (attention left out). */
export function recomputeOverProjection(llm: LlmProfile): number {
  return linearFlopsPerTokenLayer(llm) / projectionFlopsPerTokenLayer(llm);
}

/** Parameters of the model: the published total, else counted from the shape (untied embeddings). */
export function parameterCount(llm: LlmProfile): number {
  if (llm.parameters !== null) return llm.parameters;
  const embeddings = 2 * llm.vocab * llm.hidden;
  const attention = llm.layers * attentionProjectionSize(llm);
  const dense = llm.mlpMatrices * llm.hidden * llm.ffn;
  if (llm.moe === null) return embeddings + attention + llm.layers * dense;
  const { experts, ffn, sharedFfn, firstDense } = llm.moe;
  const sparse = llm.mlpMatrices * llm.hidden * (experts * ffn + sharedFfn) + llm.hidden * experts;
  return embeddings + attention + firstDense * dense + (llm.layers - firstDense) * sparse;
}

/** Bytes of the weights. */
export function weightBytes(llm: LlmProfile): number {
  return parameterCount(llm) * llm.weightBytesPerElement;
}

/**
 * Bytes of weights that one step over `tokens` tokens reads: everything of a dense model; of a mixture the
 * experts that at least one token chose, `E*(1-(1-k/E)^tokens)` in the mean, if choices are independent.
 */
export function weightBytesRead(llm: LlmProfile, tokens: number): number {
  const all = parameterCount(llm) - llm.vocab * llm.hidden;
  if (llm.moe === null) return all * llm.weightBytesPerElement;
  const { experts, topK, ffn, firstDense } = llm.moe;
  const idle = experts * (1 - topK / experts) ** tokens;
  const unread = (llm.layers - firstDense) * llm.mlpMatrices * llm.hidden * ffn * idle;
  return Math.max(0, all - unread) * llm.weightBytesPerElement;
}
