import { z } from "zod";
import { rateParam, secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { chosenInterval, INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { REPLACED_AT_ONCE } from "../plan.ts";
import { plainRecovery } from "../recovery.ts";
import { faultReplay } from "../run_policy.ts";
import { tierSeconds } from "../../shared/storage_tier.ts";
import { flow, loadFlow, nodeDrives, saveCost, saveFlows } from "../save_path.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  interval: INTERVAL_PARAMS.interval,
  every: INTERVAL_PARAMS.every,
  nvme: rateParam().default(0)
    .describe("write bandwidth of a node's drives; the hardware's when not given, else 6 GB/s"),
  nvmeBlock: secondsParam().nullable().default(null)
    .describe("blocking time of the save to the drives; from bytes and nvme when not given"),
  drain: secondsParam().nullable().default(null)
    .describe(
      "from the save to the drives until it is on the store; half the interval when not given: a drain " +
        "without haste leaves the store to others",
    ),
  nvmeRestart: secondsParam().default(125).describe("restart from the drives of the node itself"),
});

/** Kinds after which the drives of the node can still be read (reference: survival table). */
const SURVIVED: readonly string[] = ["software", "hang", "gpu", "straggler"];

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "nvme-drain",
  family: "fault",
  summary: "save to the nodes' own drives, drain to the store in the background",
  reference:
    "burst buffers as in SCR and VeloC; Megatron save to local NVMe, then copy (FastPersist)",
  accepts: ["faults"],
  params,
  create: (given, context) =>
    faultReplay(given, context, ({ mtbf, nodes }, p) => {
      const profiled = nodeDrives(context.profiles.hardware, 6e9);
      const drives = p.nvme === 0 ? profiled : { ...profiled, writeBytesPerSecond: p.nvme };
      const { requests, metadata } = saveCost(p).work;
      const share = {
        bytes: p.bytes / nodes,
        requests: requests / nodes,
        metadata: metadata / nodes,
      };
      const block = p.nvmeBlock ?? (p.bytes > 0 ? tierSeconds(drives, share, "write") : 10);
      const interval = chosenInterval(p, p, block, mtbf);
      const alone = saveCost(p).seconds ?? 0;
      const drain = p.drain ?? Math.max(alone, interval.seconds / 2);
      return {
        plan: {
          ...REPLACED_AT_ONCE,
          schedule: {
            segmentSeconds: interval.seconds,
            blockSeconds: block,
            remoteEvery: 1,
            remoteBlockSeconds: 0,
            persistSeconds: drain,
            finalSave: true,
          },
          recover: (failures, at) => {
            const near = failures.every((f) => SURVIVED.includes(f.kind));
            const plain = plainRecovery(p, failures, at, near ? "memory" : "remote");
            return near ? { ...plain, restart: p.nvmeRestart, waitNode: 0, load: 0 } : plain;
          },
        },
        intervalSeconds: interval.seconds,
        notes: interval.notes,
        traffic: (t) => ({
          flows: [
            flow("dram", "write", t.memorySaves * p.bytes, t.memorySaves),
            flow("ssd", "write", t.memorySaves * p.bytes, t.memorySaves * p.gpus),
            ...saveFlows(p, t.remoteSaves).filter((f) => f.tier === "remote"),
            // The drain reads the drives once more.
            flow("ssd", "read", (t.remoteSaves + t.recoveries.memory) * p.bytes, t.remoteSaves),
            loadFlow(p, t.recoveries.remote),
          ],
          dramBytes: 0,
        }),
      };
    }),
};
