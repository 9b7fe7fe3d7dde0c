import type { Metrics } from "../../model/metric.ts";
import { metric } from "../../model/metric.ts";
import type { ReplayOutcome } from "../../model/policy.ts";
import type { StepProfile } from "../../model/step_profile.ts";
import { formatBytes } from "../../model/units.ts";
import { asynchronousTasks, dataParallelTasks } from "./data_parallel.ts";
import type { Machine } from "./machine.ts";
import { doesNotRun, stepOutcome } from "./outcome.ts";
import { microBatchesPerGpu, type StateLayout, type StateSizes, stateSizes } from "./sizing.ts";
import { runTasks } from "./task_graph.ts";

export interface DataParallelRun {
  readonly policy: string;
  readonly step: StepProfile;
  readonly machine: Machine;
  readonly layout: StateLayout;
  /** Steps a CPU update may take beside; null: every step waits for its update. */
  readonly asynchronousSteps?: number;
  readonly metrics?: Metrics;
  readonly notes?: readonly string[];
}

/** Why a layout does not fit, or null. */
export function misfit(machine: Machine, sizes: StateSizes): string | null {
  const lacks = (what: string, needed: number, there: number) =>
    `needs ${formatBytes(needed)} of ${what}, the machine has ${formatBytes(there)}`;
  if (sizes.gpuBytes > machine.memoryBytes) {
    return `${lacks("memory a GPU", sizes.gpuBytes, machine.memoryBytes)} (weights ${
      formatBytes(sizes.weightBytes)
    }, gradients ${formatBytes(sizes.gradientBytes)}, optimizer ${
      formatBytes(sizes.optimizerBytes)
    }, activations ${formatBytes(sizes.activationBytes)})`;
  }
  if (sizes.hostBytes > machine.dramBytes) {
    return lacks("host memory", sizes.hostBytes, machine.dramBytes);
  }
  if (sizes.ssdBytes > machine.ssdBytes) return lacks("drives", sizes.ssdBytes, machine.ssdBytes);
  return null;
}

/** Seconds of a step in which a GPU computes activations again. */
function recomputedSeconds({ step, machine, layout }: DataParallelRun): number {
  return microBatchesPerGpu(step, machine.gpus) *
    step.layers.reduce((sum, l, i) => sum + (layout.recompute(i) ? l.forwardSeconds : 0), 0);
}

/** Checks that the layout fits, runs the step on the machine's links and reports it. */
export function dataParallelOutcome(run: DataParallelRun): ReplayOutcome {
  const { machine, step, layout } = run;
  const sizes = stateSizes(step, machine, layout);
  const reason = misfit(machine, sizes);
  const known: Metrics = {
    cpu_share_ratio: metric(layout.cpuShare, "ratio", "modelled"),
    recomputed_seconds: metric(recomputedSeconds(run), "seconds", "modelled"),
    ...run.metrics,
  };
  if (reason !== null) {
    const peak = { gpu_peak_bytes: metric(Math.round(sizes.gpuBytes), "bytes", "modelled") };
    return doesNotRun(reason, { ...known, ...peak }, [
      `${run.policy}: it ${reason}.`,
      ...run.notes ?? [],
    ]);
  }
  const steps = run.asynchronousSteps ?? 1;
  const tasks = run.asynchronousSteps === undefined
    ? dataParallelTasks(run)
    : asynchronousTasks(run, steps);
  return stepOutcome({
    machine,
    step,
    timeline: runTasks(machine, tasks),
    steps,
    gpuPeakBytes: sizes.gpuBytes,
    hostBytes: sizes.hostBytes,
    ssdBytes: sizes.ssdBytes,
    metrics: known,
    notes: run.notes ?? [],
  });
}
