import type { ReplayContext } from "../model/policy.ts";
import { POLICIES } from "../registry/policies.ts";
import type { ReplayShared } from "./replay_worker.ts";

/** One question: does the trace run under this policy in so many bytes? */
export interface CapacityJob {
  readonly family: string;
  readonly policy: string;
  readonly params: unknown;
  readonly capacityBytes: number;
}

/** Answers it; the entry of a worker thread. */
export async function handle(shared: ReplayShared, job: CapacityJob): Promise<boolean> {
  const entry = POLICIES.find((p) => p.family === job.family && p.name === job.policy);
  const policy = await entry?.load();
  if (policy?.fits === undefined) throw new Error(`${job.policy} has no capacity to search`);
  const { batches, meta, profiles, seed, seriesPoints } = shared;
  const context: ReplayContext = { meta, profiles, seed, seriesPoints };
  return policy.fits(job.params, context, batches, job.capacityBytes);
}
