import type { StepProfile } from "../../../model/step_profile.ts";

/** A stage: layers `from..to-1` that run one after the other on one GPU. */
export interface Stage {
  readonly from: number;
  readonly to: number;
  readonly forwardSeconds: number;
  /** Backward pass of a micro-batch, recomputation included. */
  readonly backwardSeconds: number;
  readonly parameters: number;
  readonly parameterBytes: number;
  readonly gradientBytes: number;
  /** Activation that enters the stage, of one micro-batch. */
  readonly inputBytes: number;
  /** Activations of one micro-batch while the stage works on it. */
  readonly workBytes: number;
}

/**
 * A time a stage spends in a GPU's memory. Stage `j` of `S` on `N` GPUs comes once for its forward and once for
 * its backward pass; the last of a GPU stays between both.
 */
export interface Residence {
  readonly stage: number;
  readonly forward: boolean;
  readonly backward: boolean;
  /** What is loaded before it can run. */
  readonly loadBytes: number;
  /** What it occupies while it runs. */
  readonly holdBytes: number;
  /** What the GPU sends back when it ends: gradients, inputs of the stage kept for the backward pass. */
  readonly returnBytes: number;
  /** Of that, what still occupies memory while the next stage runs. */
  readonly lingerBytes: number;
}

/** A machine as a plan sees it: link of one GPU to itself, no contention, no latency. */
export interface PlanMachine {
  readonly gpus: number;
  readonly memoryBytes: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadBytesPerSecond: number;
  readonly peerBytesPerSecond: number;
}

/** Prefix sums over the layers, so that any interval is a stage in constant time. */
export interface StageTable {
  readonly layers: number;
  readonly microBatches: number;
  stage(from: number, to: number): Stage;
}

export function stageTable(step: StepProfile, recompute: boolean): StageTable {
  const { layers } = step;
  const prefix = (pick: (l: StepProfile["layers"][number]) => number): Float64Array => {
    const sums = new Float64Array(layers.length + 1);
    layers.forEach((l, i) => sums[i + 1] = sums[i] + pick(l));
    return sums;
  };
  const forward = prefix((l) => l.forwardSeconds);
  const backward = prefix((l) => l.backwardSeconds + (recompute ? l.forwardSeconds : 0));
  const parameters = prefix((l) => l.parameters);
  const bytes = prefix((l) => l.parameterBytes);
  const gradients = prefix((l) => l.gradientBytes);
  const work = prefix((l) => l.activationBytes);
  return {
    layers: layers.length,
    microBatches: step.microBatches,
    stage: (from, to) => ({
      from,
      to,
      forwardSeconds: forward[to] - forward[from],
      backwardSeconds: backward[to] - backward[from],
      parameters: parameters[to] - parameters[from],
      parameterBytes: bytes[to] - bytes[from],
      gradientBytes: gradients[to] - gradients[from],
      inputBytes: layers[from].inputBytes,
      workBytes: work[to] - work[from],
    }),
  };
}

/** Stages between boundaries `0 = b0 < b1 < ... = layers`. */
export function stagesOf(table: StageTable, bounds: readonly number[]): Stage[] {
  return bounds.slice(1).map((to, j) => table.stage(bounds[j], to));
}

/** The residences of one GPU, in order: its stages ascending, then descending. */
export function residencesOf(
  stages: readonly Stage[],
  gpus: number,
  gpu: number,
  microBatches: number,
): Residence[] {
  const own: number[] = [];
  for (let j = gpu; j < stages.length; j += gpus) own.push(j);
  const make = (j: number, forward: boolean, backward: boolean): Residence => {
    const s = stages[j];
    const inputs = microBatches * s.inputBytes;
    return {
      stage: j,
      forward,
      backward,
      loadBytes: s.parameterBytes + (forward ? 0 : inputs),
      holdBytes: s.parameterBytes + s.workBytes + inputs + (backward ? s.gradientBytes : 0),
      returnBytes: backward ? s.gradientBytes : inputs,
      lingerBytes: backward ? s.gradientBytes : inputs,
    };
  };
  const turn = own.length - 1;
  return [
    ...own.slice(0, turn).map((j) => make(j, true, false)),
    ...own.slice(turn).map((j) => make(j, true, true)),
    ...own.slice(0, turn).reverse().map((j) => make(j, false, true)),
  ];
}

/** What of residence `r` can be loaded while the one before runs: what its memory leaves over. */
export function prefetchBytes(
  list: readonly Residence[],
  r: number,
  memoryBytes: number,
): number {
  const before = list[r - 1];
  const linger = r >= 2 ? list[r - 2].lingerBytes : 0;
  return Math.max(0, Math.min(list[r].loadBytes, memoryBytes - before.holdBytes - linger));
}

/** Bytes that a GPU lacks for its worst residence: 0 or less when all fit. */
export function overflowBytes(list: readonly Residence[], memoryBytes: number): number {
  return Math.max(
    ...list.map((r, i) => r.holdBytes + (i > 0 ? list[i - 1].lingerBytes : 0) - memoryBytes),
  );
}
