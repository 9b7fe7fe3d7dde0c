import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Trace, TraceColumns } from "../../model/trace/trace.ts";
import type { Usage } from "../../model/usage.ts";
import { runOnWorkers, shareArrays } from "../../runtime/worker_pool.ts";
import type { ReplayJob, ReplayShared } from "../replay_worker.ts";
import type { Evaluated } from "./point_worker.ts";

export interface EvaluateOptions {
  readonly profiles: Profiles;
  readonly seed: number;
  /** Results of an earlier, interrupted search by index. */
  readonly known: ReadonlyMap<number, Evaluated>;
  readonly onResult: (index: number, result: Evaluated) => void;
  readonly onDone: (done: number, total: number) => void;
  /** Worker threads; all cores when absent. */
  readonly workers?: number;
}

/** Replays every point that is not known yet, on all cores; results in the order of the points. */
export async function evaluatePoints(
  trace: Trace,
  jobs: readonly ReplayJob[],
  options: EvaluateOptions,
): Promise<Evaluated[]> {
  const open = jobs.map((_, i) => i).filter((i) => !options.known.has(i));
  const results: Evaluated[] = jobs.map((_, i) => options.known.get(i)!);
  if (open.length === 0) return results;
  const batches: TraceColumns[] = [];
  for await (const batch of trace.batches()) batches.push(shareArrays(batch));
  const shared: ReplayShared = {
    batches,
    meta: trace.meta,
    profiles: options.profiles,
    seed: options.seed,
    seriesPoints: 2,
  };
  const done = jobs.length - open.length;
  await runOnWorkers<ReplayShared, ReplayJob, Evaluated>(
    new URL("./point_worker.ts", import.meta.url).href,
    shared,
    open.map((i) => jobs[i]),
    {
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      onDone: (n) => options.onDone(done + n, jobs.length),
      onResult: (n, output) => {
        results[open[n]] = output as Evaluated;
        options.onResult(open[n], output as Evaluated);
      },
    },
  );
  return results;
}

/** Whether a point stores nothing below the GPU: what offload has to beat. */
export function isBaseline(usage: Usage): boolean {
  const below = (tier: string) => tier !== "hbm";
  return !usage.held.some((h) => below(h.tier) && h.byteSeconds > 0) &&
    !usage.flows.some((f) => below(f.tier) && f.bytes > 0);
}
