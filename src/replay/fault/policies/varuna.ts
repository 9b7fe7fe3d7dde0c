import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { ELASTIC_PARAMS, elasticReplay, SPOT_PARAMS } from "../elastic.ts";
import { blockSeconds, chosenInterval, INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { plainRecovery } from "../recovery.ts";
import { loadFlow, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...ELASTIC_PARAMS,
  ...SPOT_PARAMS,
  ...INTERVAL_PARAMS,
  every: z.number().int().positive().nullable().default(10)
    .describe("iterations between checkpoints; null takes interval"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "varuna",
  family: "fault",
  summary: "checkpoint often; after each loss roll back and morph to the nodes that are left",
  reference: "Varuna, EuroSys'22; rules of the simulator in the Oobleck artifact (SOSP'23)",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    elasticReplay("varuna", given, context, ({ mtbf, nodes }, p) => {
      const block = blockSeconds(p);
      const interval = chosenInterval(p, p, block, mtbf);
      const depth = Math.min(p.depth, nodes);
      const whole = Math.floor(nodes / depth) * depth;
      return {
        plan: {
          schedule: {
            segmentSeconds: interval.seconds,
            blockSeconds: 0,
            remoteEvery: 1,
            remoteBlockSeconds: block,
            persistSeconds: 0,
            finalSave: true,
          },
          tracksNodes: true,
          nodes,
          rate: (view) => Math.floor(view.up / depth) * depth / whole,
          rejoinSeconds: () => p.reconfigure,
          recover: (failures, at) => ({
            ...plainRecovery(p, failures, at, "remote"),
            reconfig: p.reconfigure,
          }),
        },
        intervalSeconds: interval.seconds,
        notes: interval.notes,
        traffic: (t) => ({
          flows: [
            ...saveFlows(p, t.remoteSaves),
            loadFlow(p, t.recoveries.remote),
          ],
          dramBytes: 0,
        }),
      };
    }),
};
