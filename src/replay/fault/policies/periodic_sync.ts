import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { periodicSetup } from "../periodic.ts";
import { faultReplay } from "../run_policy.ts";

const params = z.strictObject({ ...JOB_PARAMS, ...INTERVAL_PARAMS });

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "periodic-sync",
  family: "fault",
  summary: "stop every so often, write a checkpoint, go on (torch.save, Megatron)",
  reference:
    "Young 1974; Daly, FGCS 22(3) 2006, section 3; replay rules of the deterministic example",
  accepts: ["faults"],
  params,
  create: (p, context) => faultReplay(p, context, periodicSetup),
};
