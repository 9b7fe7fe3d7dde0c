import { z } from "zod";
import { metric, type Metrics } from "../../../model/metric.ts";
import type { Policy, Replay, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import type { StepProfile } from "../../../model/step_profile.ts";
import { formatBytes, formatSeconds } from "../../../model/units.ts";
import { dataParallelOutcome, misfit } from "../data_parallel_outcome.ts";
import { MACHINE_PARAMS, machineOf } from "../machine.ts";
import { doesNotRun } from "../outcome.ts";
import { liveBytes, type RecordedKind, tensorReplay, type Tensors } from "../recorded.ts";
import {
  heldActivationBytes,
  microBatchesPerGpu,
  type StateLayout,
  stateSizes,
} from "../sizing.ts";
import { sizingOf } from "../sizing_notes.ts";
import { trainingTimeOnly } from "../unchanged_timeline.ts";

const params = z.strictObject({
  ...MACHINE_PARAMS,
  shard: z.enum(["auto", "none", "full"]).default("auto")
    .describe(
      "none: every GPU holds all states; full: a part each (ZeRO stage 3); auto: what fits",
    ),
  recompute: z.boolean().nullable().default(null)
    .describe("compute activations again in the backward pass; null: only when nothing else fits"),
});

type Params = z.infer<typeof params>;

/** The layouts in order of speed. */
function layoutsOf(p: Params): StateLayout[] {
  const recomputes = p.recompute === null ? [false, true] : [p.recompute];
  const shards = p.shard === "auto" ? ["none", "full"] : [p.shard];
  return shards.flatMap((shard) =>
    recomputes.map((recompute): StateLayout => {
      const how = shard === "none" ? "replicated" : "partitioned";
      return {
        weights: how,
        states: how,
        home: "gpu",
        cpuShare: 0,
        optimizerOnSsd: false,
        recompute: () => recompute,
        buffers: 2,
      };
    })
  );
}

function described(p: Params, step: StepProfile, context: ReplayContext): ReplayOutcome {
  const machine = machineOf(step, context.profiles.hardware, p);
  const layouts = layoutsOf(p);
  const fits = layouts.find((layout) =>
    misfit(machine, stateSizes(step, machine, layout)) === null
  );
  const layout = fits ?? layouts.at(-1)!;
  const micro = microBatchesPerGpu(step, machine.gpus);
  const sizing = sizingOf(step, machine, heldActivationBytes(step, micro, layout.recompute));
  const how = layout.states === "partitioned"
    ? "states cut over the GPUs"
    : "all states on each GPU";
  const again = layout.recompute(0) ? ", activations recomputed" : "";
  return dataParallelOutcome({
    policy: "gpu-only",
    step,
    machine,
    layout,
    metrics: sizing.metrics,
    notes: [`gpu-only: ${how}${again}.`, ...sizing.notes],
  });
}

function recorded(p: Params, tensors: Tensors, context: ReplayContext): ReplayOutcome {
  const machine = machineOf(undefined, context.profiles.hardware, p);
  const live = liveBytes(tensors);
  const known: Metrics = {
    unplanned_peak_bytes: metric(live.peakBytes, "bytes", "replayed"),
    memory_limit_bytes: metric(Math.round(machine.memoryBytes), "bytes", "assumed"),
    excess_bytes: metric(
      Math.max(0, Math.round(live.peakBytes - machine.memoryBytes)),
      "bytes",
      "modelled",
    ),
    gpu_peak_bytes: metric(live.peakBytes, "bytes", "replayed"),
  };
  const note = `gpu-only: live tensors peak at ${formatBytes(live.peakBytes)} after ${
    formatSeconds(live.peakSeconds)
  } of ${formatSeconds(tensors.seconds)}.`;
  if (live.peakBytes > machine.memoryBytes) {
    return doesNotRun(
      `the tensors peak at ${formatBytes(live.peakBytes)}, a GPU has ${
        formatBytes(machine.memoryBytes)
      }`,
      known,
      [note],
    );
  }
  return trainingTimeOnly(tensors.seconds, machine, live, known, [note]);
}

function create(p: Params, context: ReplayContext<RecordedKind>): Replay<RecordedKind> {
  const step = "step" in context.meta ? context.meta.step : undefined;
  return step === undefined
    ? tensorReplay(context.meta, (tensors) => recorded(p, tensors, context))
    : { feed: () => {}, finish: () => described(p, step, context) };
}

export const policy: Policy<RecordedKind, Params> = {
  name: "gpu-only",
  family: "training",
  summary: "everything stays in GPU memory; says what does not fit, with the arithmetic",
  reference:
    "sizes: ZeRO (SC 2020) section 3.1 and Korthikanti et al. 2022, equation 1; step: data parallel, " +
    "micro-batches layer by layer",
  accepts: ["tensors", "allocations"],
  params,
  create,
};
