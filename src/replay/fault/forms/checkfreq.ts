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

/** How the interval grows while training runs. */
export interface CheckFreqTuning {
  /** Iterations between checkpoints in the end. */
  readonly every: number;
  /** Iterations of the segments until then; empty when the first interval is kept. */
  readonly lead: readonly number[];
}

/** Iterations that are added when the overhead is above the budget. */
const STEP = 2;

/**
 * The artifact's tuner: from one checkpoint to the next it holds the time against that of plain iterations, and
 * raises k by 2 while the overhead is above the budget; then it stops measuring.
 *
 * @param first k of Algorithm 1.
 * @param seen Seconds that a checkpoint blocks, and from there until it is durable, as training meets them.
 * @param window Checkpoints that one measurement spans; 1 in the artifact.
 * @param iterations Iterations of the job: the tuner goes no further.
 */
export function tuneCheckFreq(
  first: number,
  p: Pick<CheckFreqProfile, "iteration" | "budget">,
  seen: { readonly block: number; readonly persist: number },
  window: number,
  iterations: number,
): CheckFreqTuning {
  const overhead = (k: number): number => {
    const segment = k * p.iteration;
    return (seen.block + Math.max(0, seen.persist - segment)) / segment;
  };
  // Nothing is measured before the first checkpoint.
  const lead = [first];
  let every = first;
  for (let done = first; overhead(every) > p.budget * (1 + 1e-9) && done < iterations;) {
    for (let i = 0; i < window; i++) lead.push(every);
    done += window * every;
    every += STEP;
  }
  return { every, lead: every === first ? [] : lead };
}
