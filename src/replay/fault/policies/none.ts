import type { Policy } from "../../../model/policy.ts";
import { type JobParams, jobSchema } from "../params.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { plainRecovery } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";

export const policy: Policy<"faults", JobParams> = {
  name: "none",
  family: "fault",
  summary: "save nothing: every failure starts the job over",
  reference: "the baseline of Daly, FGCS 22(3) 2006: one segment without a checkpoint",
  accepts: ["faults"],
  params: jobSchema,
  create: (given, context) =>
    faultReplay(given, context, (_, p) => ({
      plan: {
        ...REPLACED_AT_ONCE,
        schedule: {
          segmentSeconds: p.useful,
          blockSeconds: 0,
          remoteEvery: 1,
          remoteBlockSeconds: 0,
          persistSeconds: 0,
          finalSave: false,
        },
        recover: (failures, at) => ({ ...plainRecovery(p, failures, at, "remote"), load: 0 }),
      },
      traffic: () => ({ flows: [], dramBytes: 0 }),
    })),
};
