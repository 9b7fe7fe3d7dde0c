import { z } from "zod";
import { secondsParam } from "../../../model/params.ts";
import { metric } from "../../../model/metric.ts";
import type { Policy } from "../../../model/policy.ts";
import { formatRatio } from "../../../model/units.ts";
import { checkFreqPlan, tuneCheckFreq } from "../forms/checkfreq.ts";
import { JOB_PARAMS } from "../params.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { plainRecovery } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { loadFlow, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  update: secondsParam().default(0.5).describe("weight update of an iteration, T_w"),
  gpuSnapshot: secondsParam().default(0.1).describe("snapshot within GPU memory, T_g"),
  cpuSnapshot: secondsParam().default(2).describe("snapshot to CPU memory, T_c"),
  persist: secondsParam().default(60).describe("writing the snapshot to the local SSD, T_s"),
  freeGpuMemory: z.number().nonnegative().default(0).describe(
    "free GPU memory, same unit as snapshot",
  ),
  snapshot: z.number().nonnegative().default(1).describe("size of a GPU's snapshot"),
  budget: z.number().positive().default(0.05).describe("overhead budget, share of the run time"),
  measuredBlock: secondsParam().nullable().default(null)
    .describe("what a checkpoint blocks in training; the profile's T_o when not given"),
  measuredPersist: secondsParam().nullable().default(null)
    .describe("from there until it is durable in training; the profile's when not given"),
  adaptive: z.boolean().default(false)
    .describe("raise the interval by 2 iterations while the measured overhead is above the budget"),
  window: z.number().int().positive().default(1)
    .describe("checkpoints that the overhead is measured over; assumed 1, as in the artifact"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "checkfreq",
  family: "fault",
  summary: "snapshot in the shadow of the iteration, as often as a budget allows",
  reference: "CheckFreq, FAST'21, Algorithm 1; long run F10",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, (_, p) => {
      const iteration = Math.max(p.iteration, 1e-3);
      const plan = checkFreqPlan({
        iteration,
        update: p.update,
        gpuSnapshot: p.gpuSnapshot,
        cpuSnapshot: p.cpuSnapshot,
        persist: p.persist,
        freeGpuMemory: p.freeGpuMemory,
        snapshotSize: p.snapshot,
        budget: p.budget,
      });
      const block = p.measuredBlock ?? plan.overhead;
      const persist = p.measuredPersist ?? p.cpuSnapshot + p.persist - plan.overhead;
      const budget = { iteration, budget: p.budget };
      const tuned = p.adaptive
        ? tuneCheckFreq(plan.every, budget, { block, persist }, p.window, p.useful / iteration)
        : { every: plan.every, lead: [] };
      const interval = tuned.every * iteration;
      return {
        plan: {
          ...REPLACED_AT_ONCE,
          schedule: {
            segmentSeconds: interval,
            blockSeconds: 0,
            remoteEvery: 1,
            remoteBlockSeconds: block,
            persistSeconds: persist,
            finalSave: true,
            ...(tuned.lead.length === 0
              ? {}
              : { leadSeconds: tuned.lead.map((k) => k * iteration) }),
          },
          recover: (failures, at) => plainRecovery(p, failures, at, "remote"),
        },
        intervalSeconds: interval,
        notes: tuned.lead.length === 0 ? [] : [
          `checkfreq: the interval grew from ${plan.every} to ${tuned.every} iterations within the first ` +
          `${tuned.lead.length} checkpoints; the overhead was above ${
            formatRatio(p.budget)
          } until then`,
        ],
        metrics: () => ({
          checkpoint_every_iterations: metric(tuned.every, "count", "replayed"),
        }),
        traffic: (t) => ({
          flows: [
            ...saveFlows(p, t.remoteSaves, "ssd"),
            loadFlow(p, t.recoveries.remote, "ssd"),
          ],
          dramBytes: p.bytes,
        }),
      };
    }),
};
