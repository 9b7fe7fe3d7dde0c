import { STATE_BYTES } from "./training_math.ts";

/**
 * One training step as its layers: what a planner of pipelines, swaps and offload needs. Times and sizes are
 * those of ONE micro-batch on ONE GPU; sizes of parameters, gradients and optimizer state are of the layer.
 */
export interface StepLayer {
  readonly name: string;
  readonly parameters: number;
  readonly forwardSeconds: number;
  /** Backward pass alone, without recomputing activations. */
  readonly backwardSeconds: number;
  /** What travels for computing: 16-bit weights. */
  readonly parameterBytes: number;
  readonly gradientBytes: number;
  /** fp32 master weights, momentum and variance. */
  readonly optimizerBytes: number;
  /** Activation that enters the layer: what a pipeline sends and a checkpoint keeps. */
  readonly inputBytes: number;
  /** Everything the backward pass needs of the layer, its input included. */
  readonly activationBytes: number;
}

/** The machine a step description names by itself; what it leaves out comes from the hardware profile. */
export interface StepMachine {
  readonly gpus: number;
  readonly memoryBytes: number;
  /** Host link of one GPU, each direction. */
  readonly linkBytesPerSecond: number;
}

/** The model a step was made from, for the sizing arithmetic. */
export interface StepModel {
  readonly name: string;
  readonly layers: number;
  readonly hidden: number;
  readonly queryHeads: number;
  readonly kvElementsPerTokenLayer: number;
  readonly parameters: number;
  readonly batch: number;
  readonly sequence: number;
  readonly microBatch: number;
  readonly causal: boolean;
  readonly flashAttention: boolean;
  readonly forwardFlops: number;
}

export interface StepProfile {
  readonly layers: readonly StepLayer[];
  /** Micro-batches of a step, over all GPUs. */
  readonly microBatches: number;
  /** Samples of a micro-batch: a step's functional unit. */
  readonly samplesPerMicroBatch: number;
  /** Whether the backward pass computes the activations again from the inputs of the layers. */
  readonly recompute: boolean;
  readonly machine: StepMachine | null;
  readonly model: StepModel | null;
  /** Where the numbers come from, for the reader. */
  readonly source: string;
}

/** What a profiler says of a layer: one micro-batch on one GPU. */
export interface ProfiledLayer {
  readonly forwardSeconds: number;
  readonly backwardSeconds: number;
  readonly parameterBytes: number;
  readonly activationBytes: number;
  readonly gradientBytes: number;
}

/**
 * A layer from a profile. Its parameters are counted at 2 bytes each where it has gradients; without them it is
 * not trained and has no optimizer state.
 */
export function profiledLayer(
  name: string,
  l: ProfiledLayer,
): StepLayer {
  const parameters = l.gradientBytes === 0 ? 0 : l.parameterBytes / STATE_BYTES.parameter;
  return {
    name,
    parameters,
    forwardSeconds: l.forwardSeconds,
    backwardSeconds: l.backwardSeconds,
    parameterBytes: l.parameterBytes,
    gradientBytes: l.gradientBytes,
    optimizerBytes: STATE_BYTES.optimizer * parameters,
    inputBytes: l.activationBytes,
    activationBytes: l.activationBytes,
  };
}
