import {
  linearProgram,
  type LinearSolver,
  type LinearTerm,
} from "../../../model/linear_program.ts";
import type { FlexGenMemory, FlexGenRates } from "./constants.ts";
import {
  evaluate,
  type FlexGenJob,
  type Form,
  generationSeconds,
  layerTimes,
  peakMemory,
  type Placement,
} from "./cost_model.ts";

const SHARES = ["wg", "wc", "wn", "cg", "cc", "cn", "hg", "hc", "hn"] as const;

/** Share of the memory that the estimate may fill; the authors' safety margin. */
export const MEMORY_SHARE = 0.8;

/**
 * The placement with the shortest generation for one block and batch size, by a linear program; null when
 * nothing fits. Hidden states are kept off the disk, as FlexGen's runtime asks.
 */
export function bestPlacement(
  job: FlexGenJob,
  rates: FlexGenRates,
  memory: FlexGenMemory,
  solve: LinearSolver,
): Placement | null {
  const { prefill, decode } = layerTimes(job, rates);
  const peaks = peakMemory(job);
  const above = (time: string, f: Form) => ({
    terms: [[1, time] as LinearTerm, ...f.terms.map(([c, v]): LinearTerm => [-c, v])],
    sense: ">=" as const,
    value: f.constant,
  });
  const below = (limit: number) => (f: Form) => ({
    terms: f.terms.map(([c, v]): LinearTerm => [c / limit, v]),
    sense: "<=" as const,
    value: MEMORY_SHARE - f.constant / limit,
  });
  const sums = [["wg", "wc", "wn"], ["cg", "cc", "cn"], ["hg", "hc"]].map((names) => ({
    terms: names.map((name): LinearTerm => [1, name]),
    sense: "=" as const,
    value: 1,
  }));
  const solved = solve(linearProgram({
    minimize: [[job.llm.layers, "Tpre"], [(job.n - 1) * job.llm.layers, "Tgen"]],
    rows: [
      ...sums,
      { terms: [[1, "hn"]], sense: "=", value: 0 },
      ...prefill.map((f) => above("Tpre", f)),
      ...decode.map((f) => above("Tgen", f)),
      ...peaks.gpu.map(below(memory.gpu)),
      ...peaks.host.map(below(Math.max(1, memory.host))),
      ...peaks.disk.map(below(Math.max(1, memory.disk))),
    ],
  }));
  if (solved.status !== "optimal") return null;
  return Object.fromEntries(
    SHARES.map((name) => [name, Math.min(1, Math.max(0, solved.values[name] ?? 0))]),
  ) as unknown as Placement;
}

/** A placement of a block of sequences and what it gives. */
export interface FlexGenPlan {
  readonly job: FlexGenJob;
  readonly placement: Placement;
  readonly prefillLayer: number;
  readonly decodeLayer: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly peak: FlexGenMemory;
}

export function planOf(job: FlexGenJob, rates: FlexGenRates, placement: Placement): FlexGenPlan {
  const peaks = peakMemory(job);
  const most = (forms: readonly Form[]) => Math.max(...forms.map((f) => evaluate(f, placement)));
  const times = generationSeconds(job, rates, placement);
  return {
    job,
    placement,
    ...times,
    tokensPerSecond: job.bls * job.n / times.seconds,
    peak: { gpu: most(peaks.gpu), host: most(peaks.host), disk: most(peaks.disk) },
  };
}

/** Batch sizes and numbers of batches in a block that are tried. */
const BATCHES = [1, 2, 4, 8, 16, 24, 32, 48, 64];
const BLOCKS = [1, 2, 3, 4, 6, 8, 12];

/** The block, batch and placement with the most tokens a second. */
export function bestPlan(
  job: Omit<FlexGenJob, "bls" | "gbs">,
  rates: FlexGenRates,
  memory: FlexGenMemory,
  solve: LinearSolver,
): FlexGenPlan | null {
  let best: FlexGenPlan | null = null;
  for (const gbs of BATCHES) {
    for (const count of BLOCKS) {
      const tried = { ...job, gbs, bls: gbs * count };
      const placement = bestPlacement(tried, rates, memory, solve);
      if (placement === null) break;
      const plan = planOf(tried, rates, placement);
      if (best === null || plan.tokensPerSecond > best.tokensPerSecond) best = plan;
    }
  }
  return best;
}
