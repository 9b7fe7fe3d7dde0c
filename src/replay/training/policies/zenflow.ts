import { z } from "zod";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatRatio } from "../../../model/units.ts";
import { dataParallelOutcome } from "../data_parallel_outcome.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { describedReplay, neededStep, RECOMPUTE_PARAM } from "../step_context.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  selected: z.number().min(0).max(1).default(0.1)
    .describe("share of the gradients that count as important and are applied on the GPUs at once"),
  every: z.number().int().min(1).default(4).describe(
    "steps between two updates of the rest by the CPU",
  ),
  recompute: RECOMPUTE_PARAM,
});

type Params = z.infer<typeof params>;

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "zenflow");
  const machine = machineOf(step, context.profiles.hardware, p);
  const recompute = p.recompute ?? step.recompute;
  const moved = 1 - p.selected + (1 - p.selected) / p.every;
  return dataParallelOutcome({
    policy: "zenflow",
    step,
    machine,
    layout: {
      weights: "replicated",
      states: "partitioned",
      home: "gpu",
      cpuShare: 1 - p.selected,
      optimizerOnSsd: false,
      recompute: () => recompute,
      buffers: 1,
    },
    asynchronousSteps: p.every,
    notes: [
      `zenflow: ${
        formatRatio(p.selected)
      } of the gradients are applied on the GPUs, the rest every ` +
      `${p.every} steps by the CPU beside the GPUs: ${
        Number(moved.toPrecision(3))
      }x the model's size over the host links a step instead of 2x.`,
      "zenflow: most parameters are updated with gradients up to " +
      `${2 * p.every - 1} steps old, which changes the result of training.`,
    ],
  });
}

export const policy: Policy<"tensors", Params> = {
  name: "zenflow",
  family: "training",
  summary: "important gradients are applied on the GPUs, the rest by the CPU without stalling them",
  reference:
    "ZenFlow (2025; DeepSpeed): importance-aware asynchronous offload; steady state of one round of " +
    "`every` steps beside the CPU's update of the round before",
  accepts: ["tensors"],
  lossy: true,
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
