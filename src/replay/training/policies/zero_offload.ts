import { z } from "zod";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatBytes } from "../../../model/units.ts";
import { zero3OffloadBytes } from "../../../model/zero_math.ts";
import { dataParallelOutcome, misfit } from "../data_parallel_outcome.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { type StateLayout, stateSizes } from "../sizing.ts";
import { describedReplay, neededStep } from "../step_context.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
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

function layoutOf(stage: 2 | 3, recompute: boolean, buffers: number): StateLayout {
  return {
    weights: stage === 2 ? "replicated" : "partitioned",
    states: "partitioned",
    home: stage === 2 ? "gpu" : "host",
    cpuShare: 1,
    optimizerOnSsd: false,
    recompute: () => recompute,
    buffers,
  };
}

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "zero-offload");
  const machine = machineOf(step, context.profiles.hardware, p);
  const recompute = p.recompute ?? step.recompute;
  const stages: (2 | 3)[] = p.stage === "auto" ? [2, 3] : [p.stage];
  const layouts = stages.map((stage) => layoutOf(stage, recompute, p.buffers));
  const layout = layouts.find((l) => misfit(machine, stateSizes(step, machine, l)) === null) ??
    layouts.at(-1)!;
  const parameters = step.layers.reduce((sum, l) => sum + l.parameters, 0);
  const largest = Math.max(...step.layers.map((l) => l.parameters));
  const asked = zero3OffloadBytes(parameters, largest);
  const used = layout.weights === "replicated" ? 2 : 3;
  return dataParallelOutcome({
    policy: "zero-offload",
    step,
    machine,
    layout,
    notes: [
      `zero-offload: ZeRO stage ${used}; DeepSpeed's estimator for stage 3 asks for ${
        formatBytes(asked.cpuBytes)
      } of host memory (18 B a parameter x 1.5) and ${
        formatBytes(asked.gpuBytes)
      } a GPU (4 B x the largest layer).`,
    ],
  });
}

export const policy: Policy<"tensors", Params> = {
  name: "zero-offload",
  family: "training",
  summary:
    "gradients go to the host, whose CPU updates the parameters; data parallel over the GPUs",
  reference:
    "ZeRO-Offload (USENIX ATC 2021), ZeRO stage 3 with CPU offload (DeepSpeed); the update waits for " +
    "all gradients, as clipping by their norm asks",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
