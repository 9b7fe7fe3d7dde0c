import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { ELASTIC_PARAMS } from "../elastic.ts";
import { JOB_PARAMS } from "../params.ts";
import { plainRecovery, rerouted } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { flow, loadFlow, saveCost, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...ELASTIC_PARAMS,
  reconfigure: JOB_PARAMS.restart.default(30).describe(
    "global rendezvous after a loss or a return",
  ),
  overhead: z.number().nonnegative().default(0.1977)
    .describe("redundant computation, share of the iteration (BERT .1977, ResNet .0951)"),
  interval: z.number().positive().default(3600)
    .describe("seconds between the checkpoints kept for two losses side by side"),
});

/** Whether two of these nodes are neighbours in the ring of their pipeline. */
function adjacent(nodes: readonly number[], depth: number): boolean {
  const set = new Set(nodes);
  return nodes.some((node) => {
    const first = node - node % depth;
    return depth > 1 && set.has(first + (node + 1 - first) % depth);
  });
}

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "bamboo",
  family: "fault",
  summary: "redundant computation: each node also computes its successor's stage",
  reference: "Bamboo, NSDI'23, Table 4; fatal pairs as counted in E18",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, ({ nodes }, p) => {
      const depth = Math.min(p.depth, nodes);
      const slow = 1 / (1 + p.overhead);
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
          // A pipeline with a shadowed stage goes on at its slowest node; a lost one is left out.
          rate: (view) => view.up < depth ? 0 : slow * view.up / view.total,
          rejoinSeconds: (_, stalled) => stalled ? p.restart : p.reconfigure,
          recover: (failures, at, view) => {
            const plain = plainRecovery(p, failures, at, "remote");
            // Losses before the last reconfiguration have new neighbours by now.
            const hit = failures.map((f) => f.node).filter((node) => node >= 0);
            const fatal = adjacent(hit, depth) || (view !== null && view.up < depth);
            if (fatal || plain.onset !== undefined) return plain;
            return rerouted(p, failures, p.reconfigure);
          },
        },
        intervalSeconds: p.interval,
        traffic: (t) => ({
          flows: [
            ...saveFlows(p, t.remoteSaves),
            loadFlow(p, t.recoveries.remote),
            flow("hbm", "write", t.reconfigurations * p.bytes / nodes, t.reconfigurations),
          ],
          dramBytes: 0,
        }),
      };
    }),
};
