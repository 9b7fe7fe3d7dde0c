import type { ReplayOutcome } from "../model/policy.ts";
import type { Profiles } from "../model/profiles/profiles.ts";
import type { Trace, TraceColumns } from "../model/trace/trace.ts";
import { coreCount, runOnWorkers, shareArrays } from "../runtime/worker_pool.ts";
import type { ReplayJob, ReplayShared } from "./replay_worker.ts";

export interface ParallelOptions {
  readonly profiles: Profiles;
  readonly seed: number;
  readonly seriesPoints: number;
  /** Called after each run with the number done. */
  readonly onDone?: (done: number, total: number) => void;
}

/** Traces above this many rows are streamed in one pass instead of being held for the workers. */
const MOST_ROWS_HELD = 2_000_000;

/** Whether several runs over a trace are worth worker threads: starting one costs about 0.1 s. */
export function worthWorkers(trace: Trace, jobs: number): boolean {
  return jobs > 1 && coreCount() > 1 && trace.rows >= 2000 && trace.rows <= MOST_ROWS_HELD;
}

/**
 * Replays one trace under several policies or parameters on all cores. The outcomes come in the order of
 * the jobs and do not depend on the number of cores.
 */
export async function replayOnWorkers(
  trace: Trace,
  jobs: readonly ReplayJob[],
  options: ParallelOptions,
): Promise<ReplayOutcome[]> {
  const batches: TraceColumns[] = [];
  for await (const batch of trace.batches()) batches.push(shareArrays(batch));
  const shared: ReplayShared = {
    batches,
    meta: trace.meta,
    profiles: options.profiles,
    seed: options.seed,
    seriesPoints: options.seriesPoints,
  };
  return await runOnWorkers<ReplayShared, ReplayJob, ReplayOutcome>(
    new URL("./replay_worker.ts", import.meta.url).href,
    shared,
    jobs,
    { onDone: options.onDone },
  );
}
