import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { faultReplay } from "../run_policy.ts";
import { TWO_PHASE_PARAMS, twoPhaseSetup } from "../two_phase.ts";

const params = z.strictObject({ ...JOB_PARAMS, ...INTERVAL_PARAMS, ...TWO_PHASE_PARAMS });

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "periodic-async",
  family: "fault",
  summary: "snapshot to DRAM, go on training, persist in the background (two-phase)",
  reference: "PyTorch DCP async_save; DLRover Flash Checkpoint; formula F10, timeline E31",
  accepts: ["faults"],
  params,
  create: (p, context) => faultReplay(p, context, twoPhaseSetup),
};
