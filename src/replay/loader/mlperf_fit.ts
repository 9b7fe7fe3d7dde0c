import { MLPERF_WORKLOADS, type MlperfWorkload } from "../../model/mlperf_workloads.ts";

/** What the fit needs of a run. */
export interface FittedRun {
  readonly submitter: string;
  readonly system: string;
  readonly workload: string;
  readonly accelerator: string;
  readonly accelerators: number;
  readonly utilization: number;
  readonly meets: boolean;
  readonly samplesPerSecond: number;
  readonly samples: number;
}

/** Spread of relative errors (predicted / measured - 1). */
export interface ErrorSpread {
  readonly runs: number;
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  /** Median of the absolute errors. */
  readonly medianAbsolute: number;
}

export interface WorkloadFit {
  readonly workload: string;
  readonly runs: number;
  readonly targetRatio: number;
  /** Runs whose verdict is not that of the rule "utilisation at least the target". */
  readonly ruleViolations: number;
  readonly lowestUtilization: number;
  /** Samples a second = utilisation x accelerators x batch / compute seconds. */
  readonly identity: ErrorSpread;
  /** Seconds of an epoch outside its steps: median of the runs on A100. */
  readonly startSeconds: number | null;
  /** The same with these seconds added, judged on the H100 runs they were not taken from. */
  readonly withStart: ErrorSpread | null;
  /** Utilisation of a system's H100 runs from the bandwidth its A100 runs reached. */
  readonly transfer: ErrorSpread | null;
  /** Run with the largest error of the identity. */
  readonly worst: { readonly system: string; readonly error: number };
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

function spread(errors: readonly number[]): ErrorSpread | null {
  if (errors.length === 0) return null;
  const sorted = [...errors].sort((a, b) => a - b);
  const absolute = errors.map(Math.abs).sort((a, b) => a - b);
  return {
    runs: errors.length,
    p10: quantile(sorted, 0.1),
    median: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    medianAbsolute: quantile(absolute, 0.5),
  };
}

function stepSeconds(w: MlperfWorkload, run: FittedRun): number {
  return w.computeSeconds[run.accelerator as "a100" | "h100"];
}

/** Samples a second that accelerators of this utilisation take, with `start` seconds a epoch beside the steps. */
function predicted(w: MlperfWorkload, run: FittedRun, start: number): number {
  const perStep = run.accelerators * w.batchSize;
  const steps = Math.floor(run.samples / perStep);
  return run.samples / (steps * stepSeconds(w, run) / run.utilization + start);
}

/** Epoch seconds that are no steps. */
function startOf(w: MlperfWorkload, run: FittedRun): number {
  const steps = Math.floor(run.samples / (run.accelerators * w.batchSize));
  return run.samples / run.samplesPerSecond - steps * stepSeconds(w, run) / run.utilization;
}

/** Errors of predicting H100 runs from the bandwidth that A100 runs of the same system reached. */
function transferErrors(w: MlperfWorkload, runs: readonly FittedRun[]): number[] {
  const key = (r: FittedRun) => `${r.submitter}/${r.system}`;
  const reached = new Map<string, number>();
  for (const r of runs.filter((r) => r.accelerator === "a100")) {
    reached.set(key(r), Math.max(reached.get(key(r)) ?? 0, r.samplesPerSecond));
  }
  return runs.filter((r) => r.accelerator === "h100" && reached.has(key(r))).map((r) => {
    const wanted = r.accelerators * w.batchSize / stepSeconds(w, r);
    return Math.min(1, reached.get(key(r))! / wanted) / r.utilization - 1;
  });
}

/** Holds the loader's model against submitted runs, workload by workload. */
export function fitMlperf(all: readonly FittedRun[]): WorkloadFit[] {
  return Object.entries(MLPERF_WORKLOADS).flatMap(([workload, w]) => {
    const runs = all.filter((r) => r.workload === workload && r.accelerator in w.computeSeconds);
    if (runs.length === 0) return [];
    const errors = runs.map((r) => predicted(w, r, 0) / r.samplesPerSecond - 1);
    const worst = errors.reduce((at, e, i) => Math.abs(e) > Math.abs(errors[at]) ? i : at, 0);
    const starts = runs.filter((r) => r.accelerator === "a100").map((r) => startOf(w, r))
      .sort((a, b) => a - b);
    const start = starts.length === 0 ? null : quantile(starts, 0.5);
    return [{
      workload,
      runs: runs.length,
      targetRatio: w.targetRatio,
      ruleViolations: runs.filter((r) => r.meets !== r.utilization >= w.targetRatio).length,
      lowestUtilization: Math.min(...runs.map((r) => r.utilization)),
      identity: spread(errors)!,
      startSeconds: start,
      withStart: start === null ? null : spread(
        runs.filter((r) => r.accelerator === "h100")
          .map((r) => predicted(w, r, start) / r.samplesPerSecond - 1),
      ),
      transfer: spread(transferErrors(w, runs)),
      worst: { system: `${runs[worst].submitter} ${runs[worst].system}`, error: errors[worst] },
    }];
  });
}
