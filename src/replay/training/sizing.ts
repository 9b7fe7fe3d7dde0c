import type { StepProfile } from "../../model/step_profile.ts";
import type { Machine } from "./machine.ts";

/** Where a data-parallel step keeps what. `N` is the number of GPUs, `P` the parameters. */
export interface StateLayout {
  /** 16-bit weights on every GPU, or a part on each (ZeRO stage 3) gathered before use. */
  readonly weights: "replicated" | "partitioned";
  /** Where partitioned weights lie between uses. */
  readonly home: "gpu" | "host" | "ssd";
  /** Gradients and optimizer state on every GPU (plain data parallelism) or a part on each. */
  readonly states: "replicated" | "partitioned";
  /** Share of gradients and optimizer state in host memory; the CPU updates it. */
  readonly cpuShare: number;
  /** The host's optimizer state lies on the drives. */
  readonly optimizerOnSsd: boolean;
  /** Whether layer `i` computes its activations again. */
  readonly recompute: (layer: number) => boolean;
  /** Layers whose gathered weights a GPU holds at once, when weights are partitioned. */
  readonly buffers: number;
}

/** Bytes on each GPU, in host memory and on the drives. */
export interface StateSizes {
  readonly weightBytes: number;
  readonly gradientBytes: number;
  readonly optimizerBytes: number;
  readonly activationBytes: number;
  readonly gpuBytes: number;
  readonly hostBytes: number;
  readonly ssdBytes: number;
}

/** Micro-batches that each GPU runs. */
export function microBatchesPerGpu(step: StepProfile, gpus: number): number {
  return Math.ceil(step.microBatches / gpus);
}

/**
 * Activations a GPU holds at most: of recomputed layers the inputs of all its micro-batches, of the others
 * everything, and the layer at work on one micro-batch.
 */
export function heldActivationBytes(
  step: StepProfile,
  micro: number,
  recompute: (layer: number) => boolean,
): number {
  let held = 0;
  let work = 0;
  step.layers.forEach((l, i) => {
    held += micro * (recompute(i) ? l.inputBytes : l.activationBytes);
    if (recompute(i)) work = Math.max(work, l.activationBytes);
  });
  return held + work;
}

/** Sizes of a layout. */
export function stateSizes(step: StepProfile, machine: Machine, layout: StateLayout): StateSizes {
  const n = machine.gpus;
  const total = (pick: (l: StepProfile["layers"][number]) => number) =>
    step.layers.reduce((sum, l) => sum + pick(l), 0);
  const largest = (pick: (l: StepProfile["layers"][number]) => number) =>
    Math.max(...step.layers.map(pick));
  const weights = total((l) => l.parameterBytes);
  const gradients = total((l) => l.gradientBytes);
  const optimizer = total((l) => l.optimizerBytes);
  const part = layout.states === "partitioned" ? 1 / n : 1;
  const onGpu = 1 - layout.cpuShare;
  const buffers = layout.buffers * largest((l) => l.parameterBytes);
  const weightBytes = layout.weights === "replicated"
    ? weights
    : (layout.home === "gpu" ? weights / n : 0) + buffers;
  // Gradients that leave at once need room for two layers: one fills while the other goes.
  const bucket = layout.states === "partitioned" ? 2 * largest((l) => l.gradientBytes) : 0;
  const gradientBytes = bucket + part * onGpu * gradients;
  const optimizerBytes = part * onGpu * optimizer;
  const activationBytes = heldActivationBytes(
    step,
    microBatchesPerGpu(step, n),
    layout.recompute,
  );
  const hostOptimizer = layout.cpuShare * optimizer;
  const away = layout.weights === "partitioned" ? layout.home : "gpu";
  return {
    weightBytes,
    gradientBytes,
    optimizerBytes,
    activationBytes,
    gpuBytes: weightBytes + gradientBytes + optimizerBytes + activationBytes,
    hostBytes: layout.cpuShare * gradients + (layout.optimizerOnSsd ? 0 : hostOptimizer) +
      (away === "host" ? weights : 0),
    ssdBytes: (layout.optimizerOnSsd ? hostOptimizer : 0) + (away === "ssd" ? weights : 0),
  };
}
