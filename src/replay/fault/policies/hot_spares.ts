import { z } from "zod";
import { metric } from "../../../model/metric.ts";
import type { Policy } from "../../../model/policy.ts";
import { blockSeconds, chosenInterval, INTERVAL_PARAMS } from "../interval.ts";
import { JOB_PARAMS } from "../params.ts";
import { faultReplay, flow, plainRecovery } from "../run_policy.ts";
import { SPARE_PARAMS, spareNodes, sparePlan, swapIn } from "../spare_pool.ts";

const params = z.strictObject({ ...JOB_PARAMS, ...INTERVAL_PARAMS, ...SPARE_PARAMS });

export const policy: Policy<"faults", z.infer<typeof params>> = {
  name: "hot-spares",
  family: "fault",
  summary: "periodic-sync with idle spare nodes that are swapped in at once",
  reference: "ByteRobust, SOSP'25, Tables 5 and 7; stalls as in Erlang-B, formula F16",
  accepts: ["faults"],
  params,
  create: (p, context) =>
    faultReplay(p, context, (input) => {
      const block = blockSeconds(p, p.bytes);
      const interval = chosenInterval(p, p, block, input.mtbf);
      const spares = spareNodes(p, input);
      return {
        plan: {
          ...sparePlan(p, spares),
          schedule: {
            segmentSeconds: interval.seconds,
            blockSeconds: 0,
            remoteEvery: 1,
            remoteBlockSeconds: block,
            persistSeconds: 0,
            finalSave: true,
          },
          recover: (failures, at) => swapIn(p, plainRecovery(p, failures, at, "remote")),
        },
        intervalSeconds: interval.seconds,
        notes: interval.notes,
        metrics: { spare_nodes: metric(spares, "count", "replayed") },
        traffic: (t) => ({
          flows: [
            flow("remote", "write", t.remoteSaves * p.bytes, t.remoteSaves),
            flow("remote", "read", t.recoveries.remote * p.bytes, t.recoveries.remote),
          ],
          dramBytes: 0,
          spareGpus: spares * p.gpusPerNode,
        }),
      };
    }),
};
