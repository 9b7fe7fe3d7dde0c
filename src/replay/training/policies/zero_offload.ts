import { z } from "zod";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatBytes } from "../../../model/units.ts";
import { zero3OffloadBytes } from "../../../model/zero_math.ts";
import { dataParallelOutcome } from "../data_parallel_outcome.ts";
import { machineOf } from "../machine.ts";
import { describedReplay, neededStep } from "../step_context.ts";
import { ZERO_PARAMS, zeroLayout } from "../zero_layout.ts";

const params = z.strictObject(ZERO_PARAMS);

type Params = z.infer<typeof params>;

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "zero-offload");
  const machine = machineOf(step, context.profiles.hardware, p);
  const { layout, stage } = zeroLayout(step, machine, p, [1]);
  const parameters = step.layers.reduce((sum, l) => sum + l.parameters, 0);
  const largest = Math.max(...step.layers.map((l) => l.parameters));
  const asked = zero3OffloadBytes(parameters, largest);
  const estimate = parameters === 0
    ? "no layer has gradients, so none is updated"
    : `DeepSpeed's estimator for stage 3 asks for ${
      formatBytes(asked.cpuBytes)
    } of host memory (18 B a parameter x 1.5) and ${
      formatBytes(asked.gpuBytes)
    } a GPU (4 B x the largest layer)`;
  return dataParallelOutcome({
    policy: "zero-offload",
    step,
    machine,
    layout,
    notes: [`zero-offload: ZeRO stage ${stage}; ${estimate}.`],
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
