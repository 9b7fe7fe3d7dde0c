/** Memory and efficiency formulas of ZeRO as DeepSpeed documents them; results in bytes or ratios. */

/** ZeRO-3 with everything offloaded: CPU `P*18*1.5` (the 1.5 is DeepSpeed's buffer factor), GPU `4*largest layer`. */
export function zero3OffloadBytes(
  parameters: number,
  largestLayerParameters: number,
  bufferFactor = 1.5,
): { cpuBytes: number; gpuBytes: number } {
  return { cpuBytes: parameters * 18 * bufferFactor, gpuBytes: 4 * largestLayerParameters };
}

/** ZeRO-2 without offload: `2P + 18P/GPUs` bytes a GPU by today's code (the documentation prints older output). */
export function zero2GpuBytes(parameters: number, gpus: number): number {
  return 2 * parameters + 18 * parameters / gpus;
}

/**
 * Efficiency of computing while data streams in: `ait*bw/(ait*bw + peak)` (ZeRO-Infinity, SC 2021), with
 * ait in FLOP a byte (`seq*bsz` for parameters, a quarter of it for the optimizer, `24*hd*ci` for
 * activation checkpoints).
 */
export function streamingEfficiency(
  arithmeticIntensity: number,
  bytesPerSecond: number,
  peakFlops: number,
): number {
  const fed = arithmeticIntensity * bytesPerSecond;
  return fed / (fed + peakFlops);
}

/** Bytes an optimizer on NVMe writes a step: fp32 parameter, momentum and variance of each parameter. */
export function nvmeOptimizerBytesPerStep(parameters: number): number {
  return 12 * parameters;
}

/** Bytes of a checkpoint with 16-bit weights and fp32 parameter, momentum and variance: 14 a parameter. */
export function mixedPrecisionCheckpointBytes(parameters: number): number {
  return 14 * parameters;
}
