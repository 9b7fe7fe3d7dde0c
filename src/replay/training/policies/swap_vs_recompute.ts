import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { defaultMachineParams, MACHINE_PARAMS, machineOf } from "../machine.ts";
import { type RecordedKind, tensorReplay } from "../recorded.ts";
import { planSwaps } from "../swap/capuchin.ts";
import { swapOutcome } from "../swap/outcome.ts";

const params = z.strictObject({
  memory: MACHINE_PARAMS.memory,
  memoryUtilization: MACHINE_PARAMS.memoryUtilization,
  link: MACHINE_PARAMS.link,
  ways: z.enum(["both", "swap", "recompute"]).default("both").describe("what the plan may use"),
  minBytes: bytesParam().default(2 ** 20).describe("smaller tensors stay"),
});

type Params = z.infer<typeof params>;

export const policy: Policy<RecordedKind, Params> = {
  name: "swap-vs-recompute",
  family: "training",
  summary:
    "tensors are swapped while that hides behind the step, else computed again, until the peak fits",
  reference:
    "Capuchin (ASPLOS 2020): free time and memory saved per second, on lifetimes alone; a tensor counts " +
    "as used when made and just before it is freed, making it again costs the time until the next was made",
  accepts: ["tensors", "allocations"],
  params,
  create: (p, context) =>
    tensorReplay(context.meta, (tensors) => {
      const machine = machineOf(undefined, context.profiles.hardware, {
        ...defaultMachineParams(),
        memory: p.memory,
        memoryUtilization: p.memoryUtilization,
        link: p.link,
      });
      const plan = planSwaps(tensors, {
        limitBytes: machine.memoryBytes,
        uploadBytesPerSecond: machine.uploadBytesPerSecond * machine.duplexFactor,
        downloadBytesPerSecond: machine.downloadBytesPerSecond * machine.duplexFactor,
        latencySeconds: machine.latencySeconds,
        minBytes: p.minBytes,
        ways: p.ways,
      });
      return swapOutcome("swap-vs-recompute", tensors, machine, plan);
    }),
};
