import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Trace, TraceColumns } from "../../model/trace/trace.ts";
import type { Usage } from "../../model/usage.ts";
import { coreCount, openWorkers, shareArrays, type WorkerPool } from "../../runtime/worker_pool.ts";
import type { ReplayJob, ReplayShared } from "../replay_worker.ts";
import type { Evaluated } from "./point_worker.ts";

export interface EvaluateOptions {
  /** Results of an earlier, interrupted search by index. */
  readonly known: ReadonlyMap<number, Evaluated>;
  readonly onResult: (index: number, result: Evaluated) => void;
  readonly onDone: (done: number, total: number) => void;
}

/** Replays points of one trace, round after round; the threads and what they compiled stay for all rounds. */
export interface Evaluator {
  /** Replays every point that is not known yet; results in the order of the points. */
  evaluate(jobs: readonly ReplayJob[], options: EvaluateOptions): Promise<Evaluated[]>;
  close(): Promise<void>;
}

/**
 * @param most About how many points there will be: a single one needs no thread of its own. Threads start
 *   with the first point that is not known.
 */
export function openEvaluator(
  trace: Trace,
  context: { readonly profiles: Profiles; readonly seed: number; readonly most: number },
): Evaluator {
  let pool: WorkerPool<ReplayJob, Evaluated> | null = null;
  const open = async () => {
    const batches: TraceColumns[] = [];
    for await (const batch of trace.batches()) batches.push(shareArrays(batch));
    return openWorkers<ReplayShared, ReplayJob, Evaluated>(
      new URL("./point_worker.ts", import.meta.url).href,
      {
        batches,
        meta: trace.meta,
        profiles: context.profiles,
        seed: context.seed,
        seriesPoints: 2,
      },
      Math.min(coreCount(), context.most),
    );
  };
  return {
    evaluate: async (jobs, { known, onResult, onDone }) => {
      const missing = jobs.map((_, i) => i).filter((i) => !known.has(i));
      const results: Evaluated[] = jobs.map((_, i) => known.get(i)!);
      if (missing.length === 0) return results;
      pool ??= await open();
      await pool.run(missing.map((i) => jobs[i]), {
        onDone: (n) => onDone(jobs.length - missing.length + n, jobs.length),
        onResult: (n, output) => {
          results[missing[n]] = output as Evaluated;
          onResult(missing[n], output as Evaluated);
        },
      });
      return results;
    },
    close: async () => await pool?.close(),
  };
}

/** Whether a point stores nothing below the GPU: what offload has to beat. */
export function isBaseline(usage: Usage): boolean {
  const below = (tier: string) => tier !== "hbm";
  return !usage.held.some((h) => below(h.tier) && h.byteSeconds > 0) &&
    !usage.flows.some((f) => below(f.tier) && f.bytes > 0);
}
