import type { ReplayOutcome } from "../model/policy.ts";
import type { Profiles } from "../model/profiles/profiles.ts";
import type { TraceColumns, TraceMeta } from "../model/trace/trace.ts";
import { POLICIES } from "../registry/policies.ts";
import { linearSolverFor } from "./linear_solver.ts";
import { loadEvictions } from "./load_evictions.ts";

/** What every job of one replay shares: the trace, in shared memory, and the profiles. */
export interface ReplayShared {
  readonly batches: readonly TraceColumns[];
  readonly meta: TraceMeta;
  readonly profiles: Profiles;
  readonly seed: number;
  readonly seriesPoints: number;
}

/** One run: a policy by name, with its parsed parameters. */
export interface ReplayJob {
  readonly family: string;
  readonly policy: string;
  readonly params: unknown;
  /** Only this part of the replay. */
  readonly part?: string;
}

/** Replays the whole trace under one policy; the entry of a worker thread. */
export async function handle(shared: ReplayShared, job: ReplayJob): Promise<ReplayOutcome> {
  const entry = POLICIES.find((p) => p.family === job.family && p.name === job.policy);
  if (entry === undefined) throw new Error(`no policy ${job.family}/${job.policy}`);
  const policy = await entry.load();
  const { batches, meta, profiles, seed, seriesPoints } = shared;
  const evictions = await loadEvictions([job.family]);
  const solver = await linearSolverFor([job.family]);
  const replay = policy.create(job.params, {
    meta,
    profiles,
    seed,
    seriesPoints,
    evictions,
    solver,
    part: job.part,
  });
  for (const batch of batches) replay.feed(batch);
  return replay.finish();
}
