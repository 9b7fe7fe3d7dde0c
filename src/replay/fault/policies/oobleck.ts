import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { ELASTIC_PARAMS, elasticReplay, SPOT_PARAMS } from "../elastic.ts";
import { JOB_PARAMS } from "../params.ts";
import { plainRecovery, rerouted } from "../recovery.ts";
import { flow, loadFlow, saveCost, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...ELASTIC_PARAMS,
  ...SPOT_PARAMS,
  tolerate: z.number().int().positive().default(3)
    .describe("simultaneous losses that the templates survive, f: f + 1 replicas"),
  interval: z.number().positive().default(10_800)
    .describe("seconds between the checkpoints kept for losses beyond f"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "oobleck",
  family: "fault",
  summary: "pipeline templates: go on with the nodes that are left, copy layers from peers",
  reference: "Oobleck, SOSP'23, and the simulator of its artifact (30 runs reproduced)",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    elasticReplay("oobleck", given, context, ({ nodes }, p) => {
      const least = Math.min(nodes, (p.tolerate + 1) * p.depth);
      const perNode = p.bytes / nodes;
      return {
        plan: {
          schedule: {
            segmentSeconds: p.interval,
            blockSeconds: 0,
            remoteEvery: 1,
            remoteBlockSeconds: saveCost(p).seconds ?? 0,
            persistSeconds: 0,
            finalSave: true,
          },
          tracksNodes: true,
          nodes,
          rate: (view) => view.up < Math.max(1, least) ? 0 : view.up / view.total,
          rejoinSeconds: (_, stalled) => stalled ? p.restart : p.reconfigure,
          recover: (failures, at, view) => {
            const fatal = failures.length > p.tolerate || (view !== null && view.up < least);
            const plain = plainRecovery(p, failures, at, "remote");
            if (fatal || plain.onset !== undefined) return plain;
            return rerouted(p, failures, p.reconfigure);
          },
        },
        intervalSeconds: p.interval,
        traffic: (t) => ({
          flows: [
            ...saveFlows(p, t.remoteSaves),
            loadFlow(p, t.recoveries.remote),
            flow("hbm", "write", t.recoveries.iteration * perNode, t.recoveries.iteration),
          ],
          dramBytes: 0,
        }),
      };
    }),
};
