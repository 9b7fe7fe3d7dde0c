import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { blockSeconds, chosenInterval, INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { faultReplay, flow, plainRecovery } from "../run_policy.ts";

const params = z.strictObject({ ...JOB_PARAMS, ...INTERVAL_PARAMS });

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "periodic-sync",
  family: "fault",
  summary: "stop every so often, write a checkpoint, go on (torch.save, Megatron)",
  reference:
    "Young 1974; Daly, FGCS 22(3) 2006, section 3; replay rules of the deterministic example",
  accepts: ["faults"],
  params,
  create: (p, context) =>
    faultReplay(p, context, ({ mtbf }) => {
      const block = blockSeconds(p, p.bytes);
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
          flows: [
            flow("dram", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "read", t.recoveries.remote * p.bytes, t.recoveries.remote),
          ],
          dramBytes: 0,
          spareGpus: 0,
        }),
      };
    }),
};
