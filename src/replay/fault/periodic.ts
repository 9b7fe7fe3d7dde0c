import { blockSeconds, chosenInterval, type IntervalParams } from "./interval.ts";
import type { JobParams, Resolved } from "./params.ts";
import { REPLACED_AT_ONCE } from "./plan.ts";
import type { FaultInput, PolicySetup } from "./prepare_job.ts";
import { plainRecovery } from "./recovery.ts";
import { loadFlow, saveFlows } from "./save_path.ts";

export type PeriodicParams = JobParams & IntervalParams;

/** Stop at every interval's end, write to the store, go on; after a failure load the newest save. */
export function periodicSetup(
  { mtbf }: FaultInput,
  p: Resolved<PeriodicParams>,
): PolicySetup {
  const block = blockSeconds(p);
  const interval = chosenInterval(p, p, block, mtbf);
  return {
    plan: {
      ...REPLACED_AT_ONCE,
      schedule: {
        segmentSeconds: interval.seconds,
        blockSeconds: 0,
        remoteEvery: 1,
        remoteBlockSeconds: block,
        persistSeconds: 0,
        finalSave: true,
      },
      recover: (failures, at) => plainRecovery(p, failures, at, "remote"),
    },
    intervalSeconds: interval.seconds,
    notes: interval.notes,
    traffic: (t) => ({
      flows: [...saveFlows(p, t.remoteSaves), loadFlow(p, t.recoveries.remote)],
      dramBytes: 0,
    }),
  };
}
