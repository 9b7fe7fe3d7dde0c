import type { Timeline } from "../engine.ts";
import type { Phases } from "../phases.ts";

/** How a job fared at the store. */
export interface StoreTimes {
  /** How long each save took to reach the store, and each load to come back. */
  readonly saveSeconds: readonly number[];
  readonly loadSeconds: readonly number[];
  /** Saves that found no token and waited for one while training went on. */
  readonly deferred: number;
}

/** What a job counted while it ran. */
type Counts = Pick<
  Timeline,
  | "failures"
  | "rollbacks"
  | "recoveries"
  | "remoteSaves"
  | "memorySaves"
  | "reconfigurations"
  | "lostWorkSeconds"
  | "idledGpuSum"
>;

/** The accounts of a job that shared a store, in the shape of those of a job alone. */
export function timelineOf(
  phases: Phases,
  totals: { work: number; trainSeconds: number; blockSeconds: number },
  finished: boolean,
  counts: Counts,
): Timeline {
  const all = { ...phases, useful: totals.trainSeconds, checkpoint: totals.blockSeconds };
  const wallSeconds = Object.values(all).reduce((sum, part) => sum + part, 0);
  return {
    ...counts,
    wallSeconds,
    durableSeconds: wallSeconds,
    phases: all,
    capacityLossSeconds: Math.max(0, totals.trainSeconds - totals.work),
    durableAtFailure: [],
    progress: [],
    spans: [],
    finished,
  };
}
