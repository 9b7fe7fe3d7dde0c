import { z } from "zod";
import { secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { periodicSetup } from "../periodic.ts";
import { faultReplay } from "../run_policy.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...INTERVAL_PARAMS,
  jitter: JOB_PARAMS.jitter.default(1),
  restartJitter: secondsParam().default(60).describe(JOB_PARAMS.restartJitter.description!),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "jitter",
  family: "fault",
  summary: "periodic-sync out of step with other jobs: saves and restarts are shifted at random",
  reference:
    "random phases against checkpoint storms; back-off as in retries with jitter (this tool)",
  accepts: ["faults"],
  params,
  create: (p, context) => faultReplay(p, context, periodicSetup),
};
