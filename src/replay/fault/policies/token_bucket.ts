import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { periodicSetup } from "../periodic.ts";
import { faultReplay } from "../run_policy.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...INTERVAL_PARAMS,
  admission: JOB_PARAMS.admission.default("token-bucket"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "token-bucket",
  family: "fault",
  summary: "periodic-sync that trains on until the shared store has a token for its save",
  reference:
    "token bucket in front of a shared store: one token a save, refilled at the store's rate",
  accepts: ["faults"],
  params,
  create: (p, context) => faultReplay(p, context, periodicSetup),
};
