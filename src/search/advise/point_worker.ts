import { SpillwayError } from "../../model/errors.ts";
import type { Metrics } from "../../model/metric.ts";
import type { Usage } from "../../model/usage.ts";
import { reservedOf } from "../../estimate/usage/reserved.ts";
import { handle as replay, type ReplayJob, type ReplayShared } from "../replay_worker.ts";

/** What a search keeps of one replay. A point that cannot be (a model that does not fit) has an error. */
export interface Evaluated {
  readonly metrics: Metrics;
  readonly usage: Usage | null;
  /** Bytes of each tier that the point reserves, where the replay says. */
  readonly reservedBytes: Readonly<Record<string, number>> | null;
  readonly error: string | null;
}

/** Replays one point; the entry of a worker thread. Bugs are thrown, refusals are kept. */
export async function handle(shared: ReplayShared, job: ReplayJob): Promise<Evaluated> {
  try {
    const { metrics, usage, detail } = await replay(shared, job);
    return { metrics, usage, reservedBytes: reservedOf(detail, job.params), error: null };
  } catch (error) {
    if (!(error instanceof SpillwayError)) throw error;
    return { metrics: {}, usage: null, reservedBytes: null, error: error.message };
  }
}
