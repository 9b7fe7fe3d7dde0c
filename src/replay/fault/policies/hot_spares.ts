import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { periodicSetup } from "../periodic.ts";
import { faultReplay } from "../run_policy.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...INTERVAL_PARAMS,
  spares: JOB_PARAMS.spares.default("p99"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "hot-spares",
  family: "fault",
  summary: "periodic-sync with idle spare nodes that are swapped in at once",
  reference: "ByteRobust, SOSP'25, Tables 5 and 7; stalls as in Erlang-B, formula F16",
  accepts: ["faults"],
  params,
  create: (p, context) => faultReplay(p, context, periodicSetup),
};
