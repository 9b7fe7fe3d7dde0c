/** Shape of a Llama-like decoder with gated MLP, untied embeddings and grouped-query attention. */
export interface DecoderShape {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForward: number;
}

/** Parameters: 2Vh + L(2h + h(h + 2kv) + h^2 + 3fh) + h with kv = kvHeads floor(h/heads). */
export function decoderParameters(s: DecoderShape): number {
  const h = s.hidden;
  const kv = s.kvHeads * Math.floor(h / s.heads);
  return 2 * s.vocabulary * h +
    s.layers * (2 * h + h * (h + 2 * kv) + h * h + 3 * s.feedForward * h) + h;
}

/** Bytes written by checkpoints: saves x parameters x bytes per parameter x copies. F18. */
export function checkpointBytes(
  saves: number,
  parameters: number,
  bytesPerParameter: number,
  copies = 1,
): number {
  return saves * parameters * bytesPerParameter * copies;
}

/** Slow-down when the work of a lost stage goes to its D-1 data-parallel peers (ReCycle, SOSP'24). */
export function rerouteSlowdown(
  stages: number,
  pipelines: number,
  microBatches: number,
): { naive: number; ideal: number; extraPerPeer: number; bubbles: number } {
  const extraPerPeer = microBatches / (pipelines - 1);
  const plain = microBatches + stages - 1;
  return {
    naive: (microBatches * pipelines / (pipelines - 1) + stages - 1) / plain,
    ideal: Math.max(1, (microBatches + extraPerPeer) / plain),
    extraPerPeer,
    bubbles: stages - 1,
  };
}
