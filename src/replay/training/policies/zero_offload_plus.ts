import { z } from "zod";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatRatio } from "../../../model/units.ts";
import { dataParallelOutcome } from "../data_parallel_outcome.ts";
import { machineOf } from "../machine.ts";
import { describedReplay, neededStep } from "../step_context.ts";
import { ZERO_PARAMS, zeroLayout } from "../zero_layout.ts";

const params = z.strictObject({
  ...ZERO_PARAMS,
  ratio: z.union([z.literal("auto"), z.number().min(0).max(1)]).default("auto")
    .describe(
      "twin-flow ratio: share of the parameters that the CPU updates; auto: the least that fits",
    ),
});

type Params = z.infer<typeof params>;

/** Ratios that auto tries: every twentieth. */
const RATIOS = Array.from({ length: 21 }, (_, i) => i / 20);

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "zero-offload++");
  const machine = machineOf(step, context.profiles.hardware, p);
  const ratios = p.ratio === "auto" ? RATIOS : [p.ratio];
  const { layout, stage } = zeroLayout(step, machine, p, ratios);
  return dataParallelOutcome({
    policy: "zero-offload++",
    step,
    machine,
    layout,
    notes: [
      `zero-offload++: the CPU updates ${
        formatRatio(layout.cpuShare)
      } of the parameters, the GPUs ` +
      `the rest beside it (stage ${stage}).`,
    ],
  });
}

export const policy: Policy<"tensors", Params> = {
  name: "zero-offload++",
  family: "training",
  summary: "CPU and GPUs share the update by a twin-flow ratio",
  reference:
    "ZeRO-Offload++ (DeepSpeed, 2023), twin-flow: step = max(CPU(r), GPU(1-r)) + transfers",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
