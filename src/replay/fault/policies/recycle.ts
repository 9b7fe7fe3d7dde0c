import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { ELASTIC_PARAMS, pipelines } from "../elastic.ts";
import { rerouteSlowdown } from "../forms/sizes.ts";
import { JOB_PARAMS } from "../params.ts";
import { plainRecovery, rerouted } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { loadFlow, saveCost, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...ELASTIC_PARAMS,
  reconfigure: JOB_PARAMS.restart.default(10).describe("rerouting after a loss or a return"),
  microBatches: z.number().int().positive().default(8).describe("micro-batches of an iteration"),
  schedule: z.enum(["ideal", "naive"]).default("ideal")
    .describe("ideal: decoupled backward fills the bubbles; naive: it does not"),
  interval: z.number().positive().default(10_800)
    .describe("seconds between the checkpoints kept for the loss of a whole stage"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "recycle",
  family: "fault",
  summary: "reroute the micro-batches of a lost stage to its data-parallel peers",
  reference: "ReCycle, SOSP'24; slow-down of E19 (the ideal schedule is an optimistic bound)",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, ({ nodes }, p) => {
      const depth = Math.min(p.depth, nodes);
      const peers = pipelines(nodes, depth);
      /** Most losses that one stage has: node number modulo depth is its stage. */
      const worst = (down: Iterable<number>): number => {
        const lost = new Array<number>(depth).fill(0);
        // Nodes of unknown number are negative: each has a stage of its own choice, always the same.
        for (const node of down) lost[Math.abs(node) % depth]++;
        return Math.max(...lost);
      };
      const rateOf = (down: Iterable<number>): number => {
        const lost = worst(down);
        if (lost === 0) return 1;
        const left = peers - lost;
        if (left <= 0) return 0;
        // The micro-batches of `lost` peers go to those left: D/left in place of D/(D-1).
        const s = rerouteSlowdown(depth, peers / lost, p.microBatches);
        return 1 / Math.max(1, p.schedule === "ideal" ? s.ideal : s.naive);
      };
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
          rate: (view) => rateOf(view.downNodes),
          rejoinSeconds: (_, stalled) => stalled ? p.restart : p.reconfigure,
          recover: (failures, at, view) => {
            const plain = plainRecovery(p, failures, at, "remote");
            const fatal = view !== null && rateOf(view.downNodes) === 0;
            if (fatal || plain.onset !== undefined) return plain;
            return rerouted(p, failures, p.reconfigure);
          },
        },
        intervalSeconds: p.interval,
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
