import { z } from "zod";
import { metric, unknownMetric } from "../../../model/metric.ts";
import { rateParam, secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { createRandom } from "../../../stats/random.ts";
import { dramSurvives, JOB_PARAMS } from "../params.ts";
import { copiesSurvive, PLACEMENTS, recoveryAtOnce } from "../placement.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { plainRecovery } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { flow, loadFlow, saveCost, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  replicas: z.number().int().min(1).default(2).describe(
    "copies of each shard, its own included, m",
  ),
  placement: z.enum(PLACEMENTS).default("group")
    .describe(
      "group: groups of m neighbours; ring: the next m-1; mixed: groups and a last ring; spread: groups " +
        "across racks",
    ),
  rackNodes: z.number().int().positive().default(1)
    .describe("nodes that a switch or rack takes along (failure domain of network failures)"),
  nic: rateParam().default(50e9).describe("bandwidth of a node's network, one direction"),
  idle: secondsParam().nullable().default(null)
    .describe("idle network time of an iteration; all of it when not given"),
  remote: secondsParam().default(10_800).describe("useful seconds between remote checkpoints"),
  remoteBlock: secondsParam().default(0).describe("blocking time of a remote checkpoint"),
  remoteShare: z.number().min(0).max(1).nullable().default(null)
    .describe(
      "share of failures that need remote storage; from nodes and placement when not given",
    ),
  memoryRestart: secondsParam().default(125).describe("restart from memory, own or a peer's"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "gemini",
  family: "fault",
  summary: "copy the state to peers' memory every iteration, in the network's idle time",
  reference: "Gemini, SOSP'23, sections 4 to 6; recovery counted on the real placement (E12)",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, ({ nodes, seed }, p) => {
      const random = createRandom(seed).split(34);
      const step = Math.max(p.iteration, 1e-3);
      // A copy that does not fit the idle time of the iteration blocks for what is left of it.
      const send = p.bytes / nodes * (p.replicas - 1) / p.nic;
      const block = Math.max(0, send - (p.idle ?? step));
      const remoteEvery = Math.max(1, Math.round(p.remote / step));
      let recovering = -Infinity;
      let lost = new Set<number>();
      const loseNodes = (node: number, kind: string): void => {
        const hit = node >= 0 ? node % nodes : random.integer(nodes);
        const rack = kind === "network" ? p.rackNodes : 1;
        const first = hit - hit % rack;
        for (let i = 0; i < rack; i++) lost.add(rack === 1 ? hit : (first + i) % nodes);
      };
      return {
        plan: {
          ...REPLACED_AT_ONCE,
          schedule: {
            segmentSeconds: step,
            blockSeconds: block,
            remoteEvery,
            remoteBlockSeconds: p.remoteBlock,
            // A save to the store that does not block is written beside the training.
            persistSeconds: p.remoteBlock > 0 ? 0 : saveCost(p).seconds ?? 0,
            finalSave: true,
          },
          recover: (failures, at) => {
            // Copies are whole again once a recovery is over.
            if (at >= recovering) lost = new Set();
            for (const f of failures) if (!dramSurvives(f.kind)) loseNodes(f.node, f.kind);
            const remote = p.remoteShare === null
              ? !copiesSurvive(nodes, p.replicas, p.placement, lost)
              : random.float() < p.remoteShare;
            const plain = plainRecovery(p, failures, at, remote ? "remote" : "memory");
            const recovery = remote ? plain : { ...plain, restart: p.memoryRestart, load: 0 };
            recovering = at + recovery.detect + recovery.diagnose + recovery.waitNode +
              recovery.restart + recovery.load;
            return recovery;
          },
        },
        intervalSeconds: step,
        metrics: (t) => {
          const { memory, remote } = t.recoveries;
          return {
            memory_recovery_ratio: memory + remote === 0
              ? unknownMetric("ratio", "replayed", "no failure rolled the job back")
              : metric(memory / (memory + remote), "ratio", "replayed"),
            recovery_probability_ratio: metric(
              recoveryAtOnce(nodes, p.replicas, p.placement),
              "ratio",
              "modelled",
            ),
          };
        },
        notes: block > 0
          ? [`the copy takes ${send.toFixed(1)} s of network time an iteration: the excess blocks`]
          : [],
        traffic: (t) => ({
          flows: [
            flow("dram", "write", t.memorySaves * p.bytes, t.memorySaves),
            flow(
              "peer_dram",
              "write",
              t.memorySaves * p.bytes * (p.replicas - 1),
              t.memorySaves * nodes,
            ),
            ...saveFlows(p, t.remoteSaves).filter((f) => f.tier === "remote"),
            flow("peer_dram", "read", t.recoveries.memory * p.bytes / nodes, t.recoveries.memory),
            loadFlow(p, t.recoveries.remote),
          ],
          // Double-buffered on every holder.
          dramBytes: 2 * p.replicas * p.bytes,
        }),
      };
    }),
};
