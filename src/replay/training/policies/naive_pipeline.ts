import { z } from "zod";
import type { Policy, ReplayContext } from "../../../model/policy.ts";
import { formatBytes } from "../../../model/units.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { doesNotRun } from "../outcome.ts";
import { equalBounds, simulate } from "../stages/partition.ts";
import { stageTable } from "../stages/residence.ts";
import { planMachine, swappedPipelineOutcome } from "../stages/swapped_pipeline.ts";
import { describedReplay, neededStep, RECOMPUTE_PARAM } from "../step_context.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  recompute: RECOMPUTE_PARAM,
});

type Params = z.infer<typeof params>;

function plan(p: Params, context: ReplayContext<"tensors">) {
  const step = neededStep(context, "naive-pipeline");
  const machine = machineOf(step, context.profiles.hardware, p);
  const recompute = p.recompute ?? step.recompute;
  const table = stageTable(step, recompute);
  const view = planMachine(machine, step);
  const gpus = Math.min(view.gpus, table.layers);
  for (let count = gpus; count <= table.layers; count++) {
    const partition = simulate(table, equalBounds(table.layers, count), view);
    if (!Number.isFinite(partition.seconds)) continue;
    return swappedPipelineOutcome({
      policy: "naive-pipeline",
      step,
      machine,
      recompute,
      // The plan's time is that with prefetching: it is not this policy's.
      partition: { ...partition, seconds: NaN },
      gpuOfSlot: machine.roots.map((_, g) => g),
      prefetch: false,
      proof: null,
      unproved: "the policy does not plan",
      notes: [],
    });
  }
  const reason = `not even single layers fit into ${formatBytes(machine.memoryBytes)} a GPU`;
  return doesNotRun(reason, {}, [`naive-pipeline: ${reason}.`]);
}

export const policy: Policy<"tensors", Params> = {
  name: "naive-pipeline",
  family: "training",
  summary: "the fewest equal stages that fit, each loaded when the one before has ended",
  reference:
    "GPipe's schedule (NeurIPS 2019) with stages swapped on demand: this tool's baseline for mobius",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
