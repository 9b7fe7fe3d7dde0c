/** Profile of an iteration as CheckFreq measures it, seconds. */
export interface CheckFreqProfile {
  /** Iteration, T_i. */
  readonly iteration: number;
  /** Weight update, T_w: the snapshot may not overlap it. */
  readonly update: number;
  /** Snapshot in GPU memory, T_g, and to CPU memory, T_c. */
  readonly gpuSnapshot: number;
  readonly cpuSnapshot: number;
  /** Writing the snapshot to storage, T_s. */
  readonly persist: number;
  /** Free GPU memory and the snapshot's size, in one unit. */
  readonly freeGpuMemory: number;
  readonly snapshotSize: number;
  /** Overhead budget p as a share of the run time. */
  readonly budget: number;
}

export interface CheckFreqPlan {
  /** Overhead of a CPU snapshot that the iteration does not hide, T_oc. */
  readonly cpuOverhead: number;
  /** Overhead per checkpoint, T_o. */
  readonly overhead: number;
  readonly mode: "GPU" | "CPU";
  /** (T_c + T_s - T_o) / T_i before rounding up. */
  readonly pipelineIterations: number;
  /** ceil(T_o / (p T_i)). */
  readonly budgetIterations: number;
  /** Iterations between checkpoints, k. */
  readonly every: number;
}

/** Rounds up, but not for a quotient that is an integer but for float noise. */
const ceil = (x: number): number => Math.ceil(x - 1e-9);

/** CheckFreq, FAST'21, Algorithm 1. */
export function checkFreqPlan(p: CheckFreqProfile): CheckFreqPlan {
  // Subtracting rounds: 0.35 - 0.05 is not 0.3, so tiny differences count as none.
  const exposed = p.cpuSnapshot - (p.iteration - p.update);
  const cpuOverhead = exposed < 1e-12 ? 0 : exposed;
  const gpu = p.freeGpuMemory > p.snapshotSize && p.gpuSnapshot <= cpuOverhead;
  const overhead = gpu ? p.gpuSnapshot : cpuOverhead;
  const pipelineIterations = (p.cpuSnapshot + p.persist - overhead) / p.iteration;
  const budgetIterations = ceil(overhead / (p.budget * p.iteration));
  return {
    cpuOverhead,
    overhead,
    mode: gpu ? "GPU" : "CPU",
    pipelineIterations,
    budgetIterations,
    every: Math.max(1, ceil(pipelineIterations), budgetIterations),
  };
}
