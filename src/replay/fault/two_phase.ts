import { z } from "zod";
import { secondsParam } from "../../model/params.ts";
import { chosenInterval, type IntervalParams } from "./interval.ts";
import { dramSurvives, type JobParams, type Resolved } from "./params.ts";
import { REPLACED_AT_ONCE } from "./plan.ts";
import type { FaultInput, PolicySetup } from "./prepare_job.ts";
import { plainRecovery } from "./recovery.ts";
import { flow, loadFlow, saveCost, saveFlows } from "./save_path.ts";

/** Parameters of saves in two phases: a snapshot that blocks, a write that does not. */
export const TWO_PHASE_PARAMS = {
  checkpoint: secondsParam().default(2).describe("blocking time of the snapshot to DRAM"),
  persist: secondsParam().nullable().default(null)
    .describe(
      "from the snapshot until it is durable; from bytes and writeBandwidth when both are given, else " +
        "120 s",
    ),
  shm: z.boolean().default(false)
    .describe(
      "a snapshot in DRAM outlives the process: software faults restart from it (Flash Checkpoint)",
    ),
  shmRestart: secondsParam().default(60).describe("restart from the snapshot in DRAM, with shm"),
} as const;

const schema = z.strictObject(TWO_PHASE_PARAMS);
export type TwoPhaseParams =
  & JobParams
  & Pick<IntervalParams, "interval" | "every">
  & z.infer<typeof schema>;

/** Snapshot to host memory, go on training, write in the background; one write at a time. */
export function twoPhaseSetup(
  { mtbf }: FaultInput,
  p: Resolved<TwoPhaseParams>,
): PolicySetup {
  const interval = chosenInterval(p, p, p.checkpoint, mtbf);
  const persist = p.persist ?? saveCost(p).seconds ?? 120;
  return {
    plan: {
      ...REPLACED_AT_ONCE,
      schedule: {
        segmentSeconds: interval.seconds,
        blockSeconds: 0,
        remoteEvery: 1,
        remoteBlockSeconds: p.checkpoint,
        persistSeconds: persist,
        finalSave: true,
      },
      recover: (failures, at) => {
        const local = p.shm && failures.every((f) => dramSurvives(f.kind));
        const recovery = plainRecovery(p, failures, at, local ? "memory" : "remote");
        return local ? { ...recovery, restart: p.shmRestart, load: 0 } : recovery;
      },
    },
    intervalSeconds: interval.seconds,
    notes: interval.notes,
    traffic: (t) => ({
      flows: [
        ...saveFlows(p, t.remoteSaves),
        loadFlow(p, t.recoveries.remote),
        flow("dram", "read", t.recoveries.memory * p.bytes, t.recoveries.memory),
      ],
      dramBytes: p.bytes,
    }),
  };
}
