import { z } from "zod";
import { metric } from "../../../model/metric.ts";
import { secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { chosenInterval, INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { faultReplay, flow, plainRecovery } from "../run_policy.ts";
import { SPARE_PARAMS, spareNodes, sparePlan, swapIn } from "../spare_pool.ts";

const params = z.strictObject({
  ...JOB_PARAMS,
  ...INTERVAL_PARAMS,
  ...SPARE_PARAMS,
  checkpoint: secondsParam().default(2).describe("blocking time of the snapshot to DRAM"),
  persist: secondsParam().default(120).describe("from the snapshot until it is durable"),
});

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "async-spares",
  family: "fault",
  summary: "periodic-async with idle spare nodes that are swapped in at once",
  reference: "two-phase checkpoints (F10) with ByteRobust's warm standbys (F16); E28, async hot",
  accepts: ["faults"],
  params,
  create: (p, context) =>
    faultReplay(p, context, (input) => {
      const interval = chosenInterval(p, p, p.checkpoint, input.mtbf);
      const spares = spareNodes(p, input);
      return {
        plan: {
          ...sparePlan(p, spares),
          schedule: {
            segmentSeconds: interval.seconds,
            blockSeconds: 0,
            remoteEvery: 1,
            remoteBlockSeconds: p.checkpoint,
            persistSeconds: p.persist,
            finalSave: true,
          },
          recover: (failures, at) => swapIn(p, plainRecovery(p, failures, at, "remote")),
        },
        intervalSeconds: interval.seconds,
        notes: interval.notes,
        metrics: { spare_nodes: metric(spares, "count", "replayed") },
        traffic: (t) => ({
          flows: [
            flow("dram", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "read", t.recoveries.remote * p.bytes, t.recoveries.remote),
          ],
          dramBytes: p.bytes,
          spareGpus: spares * p.gpusPerNode,
        }),
      };
    }),
};
