import { z } from "zod";
import { secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { chosenInterval, INTERVAL_PARAMS } from "../interval.ts";
import { dramSurvives, JOB_PARAMS } from "../params.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { faultReplay, flow, plainRecovery } from "../run_policy.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...INTERVAL_PARAMS,
  checkpoint: secondsParam().default(2).describe("blocking time of the snapshot to DRAM"),
  persist: secondsParam().nullable().default(null)
    .describe(
      "from the snapshot until it is durable; from bytes / writeBandwidth when both are given, else 120 s",
    ),
  shm: z.boolean().default(false)
    .describe(
      "a snapshot in DRAM outlives the process: software faults restart from it (Flash Checkpoint)",
    ),
  shmRestart: secondsParam().default(60).describe("restart from the snapshot in DRAM, with shm"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "periodic-async",
  family: "fault",
  summary: "snapshot to DRAM, go on training, persist in the background (two-phase)",
  reference: "PyTorch DCP async_save; DLRover Flash Checkpoint; formula F10, timeline E31",
  accepts: ["faults"],
  params,
  create: (p, context) =>
    faultReplay(p, context, ({ mtbf }) => {
      const interval = chosenInterval(p, p, p.checkpoint, mtbf);
      const persist = p.persist ??
        (p.bytes > 0 && p.writeBandwidth > 0 ? p.bytes / p.writeBandwidth : 120);
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
            flow("dram", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "read", t.recoveries.remote * p.bytes, t.recoveries.remote),
            flow("dram", "read", t.recoveries.memory * p.bytes, t.recoveries.memory),
          ],
          dramBytes: p.bytes,
          spareGpus: 0,
        }),
      };
    }),
};
