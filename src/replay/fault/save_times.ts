import { createRandom } from "../../stats/random.ts";
import type { Job } from "./params.ts";
import type { FaultPlan } from "./plan.ts";
import { segmentSecondsAfter } from "./schedule.ts";

/** Streams of random numbers of their own, so that a policy's draws do not move with these. */
const SAVE_STREAM = 901;
const RESTART_STREAM = 902;

/**
 * A plan whose saves and recoveries are moved out of step with other jobs': the first save comes early by a
 * random share of the interval, and each recovery that reads the store first waits at random.
 */
export function withSaveTimes(
  plan: FaultPlan,
  p: Pick<Job, "jitter" | "restartJitter">,
  seed: number,
): FaultPlan {
  if (p.jitter === 0 && p.restartJitter === 0) return plan;
  const random = createRandom(seed);
  const early = p.jitter * random.split(SAVE_STREAM).float();
  const waits = random.split(RESTART_STREAM);
  const { schedule } = plan;
  return {
    ...plan,
    schedule: p.jitter === 0 ? schedule : {
      ...schedule,
      firstSeconds: segmentSecondsAfter(schedule, 0) * (1 - early),
    },
    recover(failures, at, view) {
      const recovery = plan.recover(failures, at, view);
      if (p.restartJitter === 0 || recovery.restore !== "remote") return recovery;
      return { ...recovery, waitNode: recovery.waitNode + waits.float() * p.restartJitter };
    },
  };
}
