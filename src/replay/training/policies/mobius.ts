import { z } from "zod";
import type { Policy, ReplayContext } from "../../../model/policy.ts";
import { formatBytes } from "../../../model/units.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { doesNotRun } from "../outcome.ts";
import { crossMapping } from "../stages/mapping.ts";
import { bestPartition, equalBounds, simulate } from "../stages/partition.ts";
import { provePlan } from "../stages/proof.ts";
import { stageTable } from "../stages/residence.ts";
import { planMachine, swappedPipelineOutcome } from "../stages/swapped_pipeline.ts";
import { describedReplay, neededStep, RECOMPUTE_PARAM } from "../step_context.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  stages: z.union([z.literal("auto"), z.number().int().positive()]).default("auto")
    .describe("stages of the pipeline; auto: the number that is fastest"),
  partition: z.enum(["best", "equal"]).default("best")
    .describe("best: boundaries that make the step shortest; equal: as many layers in each stage"),
  mapping: z.enum(["cross", "sequential"]).default("cross")
    .describe(
      "cross: neighbouring stages under different root complexes; sequential: in GPU order",
    ),
  prove: z.enum(["auto", "always", "never"]).default("auto")
    .describe("prove the plan optimal with integer programs; auto: up to 8 layers"),
  recompute: RECOMPUTE_PARAM,
});

type Params = z.infer<typeof params>;

/** Layers up to which the proof takes seconds. */
const PROVED_LAYERS = 8;

function plan(p: Params, context: ReplayContext<"tensors">) {
  const step = neededStep(context, "mobius");
  const machine = machineOf(step, context.profiles.hardware, p);
  const recompute = p.recompute ?? step.recompute;
  const table = stageTable(step, recompute);
  const view = planMachine(machine, step);
  const count = p.stages === "auto" ? null : Math.min(p.stages, table.layers);
  const partition = p.partition === "equal"
    ? simulate(table, equalBounds(table.layers, count ?? Math.min(view.gpus, table.layers)), view)
    : bestPartition(table, view, count);
  if (partition === null || !Number.isFinite(partition.seconds)) {
    const largest = Math.max(...step.layers.map((l) => l.parameterBytes + l.gradientBytes));
    const reason = `no ${count === null ? "" : `${count}-stage `}partition fits into ${
      formatBytes(machine.memoryBytes)
    } a GPU: the largest layer has ${
      formatBytes(largest)
    } of weights and gradients, activations come on top`;
    return doesNotRun(reason, {}, [`mobius: ${reason}.`]);
  }
  const wanted = p.prove === "always" || (p.prove === "auto" && table.layers <= PROVED_LAYERS);
  const solver = p.partition === "best" && wanted ? context.solver : undefined;
  return swappedPipelineOutcome({
    policy: "mobius",
    step,
    machine,
    recompute,
    partition,
    gpuOfSlot: p.mapping === "cross" ? crossMapping(machine.roots) : machine.roots.map((_, g) => g),
    prefetch: true,
    proof: solver === undefined ? null : provePlan(step, recompute, view, partition, count, solver),
    unproved: p.partition === "equal"
      ? "equal stages are not planned"
      : `not asked for: ${table.layers} layers, and "prove" is ${p.prove}`,
    notes: [],
  });
}

export const policy: Policy<"tensors", Params> = {
  name: "mobius",
  family: "training",
  summary: "pipeline stages swapped between host memory and GPUs, planned to hide the loads",
  reference:
    "Mobius (ASPLOS 2023) publishes the idea: stages swapped between DRAM and GPUs, a mixed-integer " +
    "partition, cross mapping against link contention, 3.8 to 5.1x. RECONSTRUCTION, not the paper's text: " +
    "the constraints, the prefetch rule, the search (interval DP and local search judged by a simulator, " +
    "HiGHS as proof) and the contention measure are this tool's",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
