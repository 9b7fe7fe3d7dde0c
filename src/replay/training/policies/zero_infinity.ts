import { z } from "zod";
import { metric, unknownMetric } from "../../../model/metric.ts";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatRatio } from "../../../model/units.ts";
import { nvmeOptimizerBytesPerStep, streamingEfficiency } from "../../../model/zero_math.ts";
import { dataParallelOutcome } from "../data_parallel_outcome.ts";
import { type Machine, MACHINE_PARAMS, machineOf } from "../machine.ts";
import type { StateLayout } from "../sizing.ts";
import { describedReplay, neededStep, RECOMPUTE_PARAM } from "../step_context.ts";
import { firstThatFits } from "../zero_layout.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  weights: z.enum(["auto", "host", "ssd"]).default("auto")
    .describe(
      "where the 16-bit weights lie; auto: in host memory when they fit beside the gradients",
    ),
  recompute: RECOMPUTE_PARAM,
  buffers: z.number().int().min(1).default(3).describe("layers whose weights a GPU holds"),
});

type Params = z.infer<typeof params>;

/** Bandwidth at which the weights reach each GPU: all host links together, as far as the GPUs' own links carry. */
function weightBandwidth(machine: Machine): number {
  return Math.min(
    machine.gpus * machine.uploadBytesPerSecond,
    machine.peerOverHost ? machine.uploadBytesPerSecond : machine.peerBytesPerSecond,
  );
}

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const step = neededStep(context, "zero-infinity");
  const machine = machineOf(step, context.profiles.hardware, p);
  const recompute = p.recompute ?? step.recompute;
  const homes: ("host" | "ssd")[] = p.weights === "auto" ? ["host", "ssd"] : [p.weights];
  const layouts = homes.map((home): StateLayout => ({
    weights: "partitioned",
    states: "partitioned",
    home,
    cpuShare: 1,
    optimizerOnSsd: true,
    recompute: () => recompute,
    buffers: p.buffers,
  }));
  const layout = firstThatFits(step, machine, layouts);
  const parameters = step.layers.reduce((sum, l) => sum + l.parameters, 0);
  const { model } = step;
  const seconds = step.layers.reduce((sum, l) => sum + l.forwardSeconds, 0);
  const efficiency = model === null || seconds === 0 ? null : streamingEfficiency(
    model.sequence * model.batch / machine.gpus,
    weightBandwidth(machine),
    model.forwardFlops * model.microBatch / model.batch / seconds,
  );
  return dataParallelOutcome({
    policy: "zero-infinity",
    step,
    machine,
    layout,
    metrics: {
      streaming_efficiency_ratio: efficiency === null
        ? unknownMetric("ratio", "modelled", "the description gives times, no FLOPs")
        : metric(efficiency, "ratio", "modelled"),
    },
    notes: [
      `zero-infinity: the optimizer's state lies on the drives: ${
        nvmeOptimizerBytesPerStep(parameters).toLocaleString("en-US", { maximumFractionDigits: 0 })
      } bytes are read and written a step (12 B a parameter); the weights lie ${
        layout.home === "host" ? "in host memory" : "on the drives too"
      }.`,
      ...(efficiency === null ? [] : [
        `zero-infinity: streaming weights allows an efficiency of ${
          formatRatio(Number(efficiency.toPrecision(3)))
        } by ait*bw/(ait*bw + peak) of the paper.`,
      ]),
    ],
  });
}

export const policy: Policy<"tensors", Params> = {
  name: "zero-infinity",
  family: "training",
  summary: "optimizer state (and weights) on NVMe drives, weights gathered from a part on each GPU",
  reference:
    "ZeRO-Infinity (SC 2021): partitioned fetch, section 4 efficiency; 12 B a parameter of optimizer " +
    "state each way",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
