import { kvElementsPerTokenLayer } from "../model/llm_math.ts";
import type { HardwareProfile } from "../model/profiles/hardware.ts";
import type { LlmProfile } from "../model/profiles/llm.ts";
import type { StepLayer, StepProfile } from "../model/step_profile.ts";
import {
  activationBytesWithoutScores,
  attentionScoreBytes,
  forwardFlops,
  layerInputBytes,
  STATE_BYTES,
  trainedParameters,
} from "../model/training_math.ts";

/** What a step of a model is described by. */
export interface ModelStepParams {
  /** Samples of a step, over all GPUs. */
  readonly batch: number;
  readonly sequence: number;
  /** Samples of a micro-batch. */
  readonly microBatch: number;
  readonly causal: boolean;
  readonly flashAttention: boolean;
  readonly recompute: boolean;
  /** Achieved share of the peak FLOPS; null takes the profile's prefill efficiency. */
  readonly efficiency: number | null;
}

/**
 * The step of a model on a GPU: one entry a transformer layer, the embeddings before the first and the output
 * layer after the last. Times are FLOPs over `efficiency x peak` of one GPU; the backward pass costs twice the
 * forward pass.
 */
export function modelStep(
  llm: LlmProfile,
  hardware: HardwareProfile,
  p: ModelStepParams,
): StepProfile {
  const { sequence, microBatch: samples, causal } = p;
  const gpu = hardware.gpu!;
  const rate = gpu.bf16Flops.value * (p.efficiency ?? gpu.prefillEfficiency.value);
  const flops = forwardFlops(llm, sequence, samples, causal);
  const input = layerInputBytes(sequence, samples, llm.hidden);
  const scores = p.flashAttention ? 0 : attentionScoreBytes(sequence, samples, llm.queryHeads);
  const layer = (
    name: string,
    parameters: number,
    layerFlops: number,
    activationBytes: number,
  ): StepLayer => ({
    name,
    parameters,
    forwardSeconds: layerFlops / rate,
    backwardSeconds: 2 * layerFlops / rate,
    parameterBytes: STATE_BYTES.parameter * parameters,
    gradientBytes: STATE_BYTES.gradient * parameters,
    optimizerBytes: STATE_BYTES.optimizer * parameters,
    inputBytes: input,
    activationBytes,
  });
  const counts = trainedParameters(llm);
  const full = activationBytesWithoutScores(sequence, samples, llm.hidden) + scores;
  const layers = [
    { ...layer("embedding", counts.embedding, 0, 0), inputBytes: 0 },
    ...Array.from(
      { length: llm.layers },
      (_, i) =>
        layer(
          `layer ${i}`,
          counts.layer,
          (flops.linear + flops.attention) / llm.layers,
          full,
        ),
    ),
    layer("output", counts.output, flops.head, input),
  ];
  return {
    layers,
    microBatches: Math.ceil(p.batch / samples),
    samplesPerMicroBatch: samples,
    recompute: p.recompute,
    machine: null,
    model: {
      name: llm.name,
      layers: llm.layers,
      hidden: llm.hidden,
      queryHeads: llm.queryHeads,
      kvElementsPerTokenLayer: kvElementsPerTokenLayer(llm),
      parameters: layers.reduce((sum, l) => sum + l.parameters, 0),
      batch: p.batch,
      sequence,
      microBatch: samples,
      causal,
      flashAttention: p.flashAttention,
      forwardFlops: (flops.linear + flops.attention + flops.head) * p.batch / samples,
    },
    source: `${llm.name} on ${gpu.key} at ${
      Number((100 * rate / gpu.bf16Flops.value).toPrecision(3))
    } % of its peak FLOPS`,
  };
}
