import { z } from "zod";
import { metric } from "../../../model/metric.ts";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { dataParallelOutcome, misfit } from "../data_parallel_outcome.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { type StateLayout, stateSizes } from "../sizing.ts";
import { describedReplay, neededStep } from "../step_context.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  layers: z.union([z.literal("auto"), z.number().int().nonnegative()]).default("auto")
    .describe("layers whose activations are computed again; auto: as few as fit"),
  shard: z.enum(["none", "full"]).default("full")
    .describe("none: every GPU holds all states; full: a part each (ZeRO stage 3)"),
});

type Params = z.infer<typeof params>;

/** Layers in the order in which recomputing them frees most activations for each second it costs. */
function byWorth(step: ReturnType<typeof neededStep>): number[] {
  const worth = (i: number) => {
    const l = step.layers[i];
    const freed = l.activationBytes - l.inputBytes;
    return freed <= 0 ? -1 : freed / Math.max(l.forwardSeconds, 1e-12);
  };
  return step.layers.map((_, i) => i).sort((a, b) => worth(b) - worth(a) || a - b)
    .filter((i) => worth(i) > 0);
}

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "activation-recompute");
  const machine = machineOf(step, context.profiles.hardware, p);
  const how = p.shard === "none" ? "replicated" : "partitioned";
  const order = byWorth(step);
  const layoutOf = (count: number): StateLayout => {
    const again = new Set(order.slice(0, count));
    return {
      weights: how,
      states: how,
      home: "gpu",
      cpuShare: 0,
      optimizerOnSsd: false,
      recompute: (i) => again.has(i),
      buffers: 2,
    };
  };
  let count = p.layers === "auto" ? 0 : Math.min(p.layers, order.length);
  if (p.layers === "auto") {
    const fits = (k: number) => misfit(machine, stateSizes(step, machine, layoutOf(k))) === null;
    while (count < order.length && !fits(count)) count++;
  }
  return dataParallelOutcome({
    policy: "activation-recompute",
    step,
    machine,
    layout: layoutOf(count),
    metrics: { recomputed_layers: metric(count, "count", "modelled") },
    notes: [
      `activation-recompute: ${count} of ${step.layers.length} layers are computed again, those that ` +
      "free most bytes for each second first.",
    ],
  });
}

export const policy: Policy<"tensors", Params> = {
  name: "activation-recompute",
  family: "training",
  summary: "states stay on the GPUs; as few layers as needed compute their activations again",
  reference:
    "Chen et al. 2016 (sublinear memory) by layers, as Megatron-LM's block method; sizes: Korthikanti et " +
    "al. 2022",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
