import { z } from "zod";
import { planSwaps } from "../swap/capuchin.ts";
import { SWAP_PARAMS, swapPolicy } from "../swap/swap_policy.ts";

const params = z.strictObject({
  ...SWAP_PARAMS,
  ways: z.enum(["both", "swap", "recompute"]).default("both").describe("what the plan may use"),
});

export const policy = swapPolicy({
  name: "swap-vs-recompute",
  summary:
    "tensors are swapped while that hides behind the step, else computed again, until the peak fits",
  reference:
    "Capuchin (ASPLOS 2020): free time and memory saved per second, on lifetimes alone; a tensor counts " +
    "as used when made and just before it is freed, making it again costs the time until the next was made",
  params,
}, (p, tensors, machine) =>
  planSwaps(tensors, {
    limitBytes: machine.memoryBytes,
    uploadBytesPerSecond: machine.uploadBytesPerSecond * machine.duplexFactor,
    downloadBytesPerSecond: machine.downloadBytesPerSecond * machine.duplexFactor,
    latencySeconds: machine.latencySeconds,
    minBytes: p.minBytes,
    ways: p.ways,
  }));
