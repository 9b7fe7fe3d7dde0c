import { z } from "zod";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatRatio } from "../../../model/units.ts";
import { dataParallelOutcome, misfit } from "../data_parallel_outcome.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { type StateLayout, stateSizes } from "../sizing.ts";
import { describedReplay, neededStep } from "../step_context.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  ratio: z.union([z.literal("auto"), z.number().min(0).max(1)]).default("auto")
    .describe(
      "twin-flow ratio: share of the parameters that the CPU updates; auto: the least that fits",
    ),
  stage: z.union([z.literal("auto"), z.literal(2), z.literal(3)]).default("auto")
    .describe(
      "ZeRO stage: 2 keeps the weights on every GPU, 3 in host memory; auto: 2 when it fits",
    ),
  recompute: z.boolean().nullable().default(null)
    .describe("compute activations again in the backward pass; null: as the step says"),
  buffers: z.number().int().min(1).default(3).describe(
    "layers whose weights a GPU holds in stage 3",
  ),
});

type Params = z.infer<typeof params>;

/** Ratios that auto tries: every twentieth. */
const RATIOS = Array.from({ length: 21 }, (_, i) => i / 20);

function layoutOf(
  stage: 2 | 3,
  cpuShare: number,
  recompute: boolean,
  buffers: number,
): StateLayout {
  return {
    weights: stage === 2 ? "replicated" : "partitioned",
    states: "partitioned",
    home: stage === 2 ? "gpu" : "host",
    cpuShare,
    optimizerOnSsd: false,
    recompute: () => recompute,
    buffers,
  };
}

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "zero-offload++");
  const machine = machineOf(step, context.profiles.hardware, p);
  const recompute = p.recompute ?? step.recompute;
  const stages: (2 | 3)[] = p.stage === "auto" ? [2, 3] : [p.stage];
  const ratios = p.ratio === "auto" ? RATIOS : [p.ratio];
  const layouts = stages.flatMap((stage) =>
    ratios.map((ratio) => layoutOf(stage, ratio, recompute, p.buffers))
  );
  const layout = layouts.find((l) => misfit(machine, stateSizes(step, machine, l)) === null) ??
    layouts.at(-1)!;
  return dataParallelOutcome({
    policy: "zero-offload++",
    step,
    machine,
    layout,
    notes: [
      `zero-offload++: the CPU updates ${
        formatRatio(layout.cpuShare)
      } of the parameters, the GPUs ` +
      `the rest beside it (stage ${layout.weights === "replicated" ? 2 : 3}).`,
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
