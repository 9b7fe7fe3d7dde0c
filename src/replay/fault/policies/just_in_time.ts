import { z } from "zod";
import { secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { createRandom } from "../../../stats/random.ts";
import { JOB_PARAMS } from "../params.ts";
import { copiesSurvive } from "../placement.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { plainRecovery } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { loadFlow, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  dp: z.number().int().positive().default(2)
    .describe("data-parallel replicas of each shard; 1 (FSDP, ZeRO) means no replica"),
  save: secondsParam().default(60).describe("saving the healthy replicas' state and restarting"),
  interval: secondsParam().default(14_400).describe("useful seconds between fallback checkpoints"),
  block: secondsParam().default(60).describe("blocking time of a fallback checkpoint"),
  remoteShare: z.number().min(0).max(1).nullable().default(null)
    .describe("share of failures without a healthy replica; from the nodes when not given"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "just-in-time",
  family: "fault",
  summary: "save only when a failure happens, from the healthy data-parallel replicas",
  reference: "Just-In-Time Checkpointing, EuroSys'24; formula F15",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, ({ nodes, seed }, p) => {
      const random = createRandom(seed).split(56);
      return {
        plan: {
          ...REPLACED_AT_ONCE,
          schedule: {
            segmentSeconds: p.interval,
            blockSeconds: 0,
            remoteEvery: 1,
            remoteBlockSeconds: p.block,
            persistSeconds: 0,
            finalSave: true,
          },
          recover: (failures, at) => {
            const hit = new Set(
              failures.map((f) => f.node >= 0 ? f.node % nodes : random.integer(nodes)),
            );
            // A replica of a node's shard lies one replica's span of nodes away.
            const healthy = p.remoteShare === null
              ? p.dp >= 2 && (nodes < p.dp || copiesSurvive(nodes, p.dp, "spread", hit))
              : random.float() >= p.remoteShare;
            const plain = plainRecovery(p, failures, at, "remote");
            if (!healthy || plain.onset !== undefined) return plain;
            return { ...plain, restore: "iteration", restart: p.save, waitNode: p.wait, load: 0 };
          },
        },
        intervalSeconds: p.interval,
        traffic: (t) => ({
          flows: [
            ...saveFlows(p, t.remoteSaves + t.recoveries.iteration),
            loadFlow(p, t.recoveries.remote + t.recoveries.iteration),
          ],
          dramBytes: 0,
        }),
      };
    }),
};
