import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { faultReplay } from "../run_policy.ts";
import { TWO_PHASE_PARAMS, twoPhaseSetup } from "../two_phase.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...INTERVAL_PARAMS,
  ...TWO_PHASE_PARAMS,
  spares: JOB_PARAMS.spares.default("p99"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "async-spares",
  family: "fault",
  summary: "periodic-async with idle spare nodes that are swapped in at once",
  reference: "two-phase checkpoints (F10) with ByteRobust's warm standbys (F16); E28, async hot",
  accepts: ["faults"],
  params,
  create: (p, context) => faultReplay(p, context, twoPhaseSetup),
};
