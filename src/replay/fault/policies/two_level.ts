import { z } from "zod";
import { secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { createRandom } from "../../../stats/random.ts";
import { dramSurvives, JOB_PARAMS } from "../params.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { plainRecovery } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { flow, loadFlow, saveCost, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  memoryInterval: secondsParam().default(300).describe(
    "useful seconds between saves to memory, Lm",
  ),
  memoryBlock: secondsParam().default(1).describe("blocking time of a save to memory"),
  remoteEvery: z.number().int().positive().default(12)
    .describe("saves to memory per save to storage, n"),
  remoteBlock: secondsParam().default(0).describe("more blocking time of a save to storage"),
  persist: secondsParam().nullable().default(null)
    .describe(
      "until a save to storage is durable; from bytes and writeBandwidth when both are given, else 0",
    ),
  remoteShare: z.number().min(0).max(1).nullable().default(null)
    .describe(
      "share of failures that memory does not survive, h; by kind of failure when not given",
    ),
  memoryRestart: secondsParam().default(125).describe("restart from memory, R1"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "two-level",
  family: "fault",
  summary: "save to memory often and to storage seldom",
  reference: "formula F12 (two-level checkpoints); SCR, VeloC",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, ({ seed }, p) => {
      const random = createRandom(seed).split(12);
      return {
        plan: {
          ...REPLACED_AT_ONCE,
          schedule: {
            segmentSeconds: p.memoryInterval,
            blockSeconds: p.memoryBlock,
            remoteEvery: p.remoteEvery,
            remoteBlockSeconds: p.remoteBlock,
            persistSeconds: p.persist ?? (p.remoteBlock > 0 ? 0 : saveCost(p).seconds ?? 0),
            finalSave: true,
          },
          recover: (failures, at) => {
            const remote = p.remoteShare === null
              ? failures.some((f) => !dramSurvives(f.kind))
              : random.float() < p.remoteShare;
            if (remote) return plainRecovery(p, failures, at, "remote");
            const near = plainRecovery(p, failures, at, "memory");
            return { ...near, restart: p.memoryRestart, waitNode: 0, load: 0 };
          },
        },
        intervalSeconds: p.memoryInterval,
        traffic: (t) => ({
          flows: [
            flow("dram", "write", t.memorySaves * p.bytes, t.memorySaves),
            ...saveFlows(p, t.remoteSaves).filter((f) => f.tier === "remote"),
            flow("dram", "read", t.recoveries.memory * p.bytes, t.recoveries.memory),
            loadFlow(p, t.recoveries.remote),
          ],
          dramBytes: p.bytes,
        }),
      };
    }),
};
