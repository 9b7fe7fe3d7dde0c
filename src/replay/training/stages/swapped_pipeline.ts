import { metric, type Metrics, unknownMetric } from "../../../model/metric.ts";
import type { ReplayOutcome } from "../../../model/policy.ts";
import type { StepProfile } from "../../../model/step_profile.ts";
import { formatBytes, formatSeconds } from "../../../model/units.ts";
import type { Machine } from "../machine.ts";
import { doesNotRun, stepOutcome } from "../outcome.ts";
import { runTasks } from "../task_graph.ts";
import { contendingPairs } from "./mapping.ts";
import type { Partition } from "./partition.ts";
import { pipelineTasks } from "./pipeline_tasks.ts";
import type { Proof } from "./proof.ts";
import {
  type PlanMachine,
  prefetchBytes,
  residencesOf,
  stagesOf,
  stageTable,
} from "./residence.ts";

/** How a machine looks to a plan: a link to each GPU; both directions busy where gradients go back. */
export function planMachine(machine: Machine, step: StepProfile): PlanMachine {
  const returns = step.layers.some((l) => l.gradientBytes > 0 || l.inputBytes > 0);
  const factor = returns ? machine.duplexFactor : 1;
  return {
    gpus: machine.gpus,
    memoryBytes: machine.memoryBytes,
    uploadBytesPerSecond: factor * machine.uploadBytesPerSecond,
    downloadBytesPerSecond: factor * machine.downloadBytesPerSecond,
    peerBytesPerSecond: machine.peerBytesPerSecond,
  };
}

/** Fullest GPU: what runs, what is prefetched meanwhile, what still waits to go back. */
function peakBytes(
  stages: Parameters<typeof residencesOf>[0],
  machine: Machine,
  microBatches: number,
  prefetch: boolean,
): number {
  let peak = 0;
  for (let g = 0; g < Math.min(machine.gpus, stages.length); g++) {
    const list = residencesOf(stages, machine.gpus, g, microBatches);
    list.forEach((r, i) => {
      const next = prefetch && i + 1 < list.length
        ? prefetchBytes(list, i + 1, machine.memoryBytes)
        : 0;
      peak = Math.max(peak, r.holdBytes + next + (i > 0 ? list[i - 1].lingerBytes : 0));
    });
  }
  return peak;
}

export interface SwappedPipeline {
  readonly policy: string;
  readonly step: StepProfile;
  readonly machine: Machine;
  readonly recompute: boolean;
  readonly partition: Partition;
  readonly gpuOfSlot: readonly number[];
  readonly prefetch: boolean;
  readonly proof: Proof | null;
  /** Why there is no proof. */
  readonly unproved?: string;
  readonly notes: readonly string[];
}

/** Host memory a swapped pipeline needs: all states and the stages' inputs of every micro-batch. */
function hostBytes(p: SwappedPipeline): number {
  const states = p.step.layers.reduce(
    (sum, l) => sum + l.parameterBytes + l.gradientBytes + l.optimizerBytes,
    0,
  );
  const inputs = p.partition.bounds.slice(0, -1).reduce(
    (sum, from) => sum + p.step.layers[from].inputBytes,
    0,
  );
  return states + p.step.microBatches * inputs;
}

/** Runs a partition on the machine with its shared links and reports the step. */
export function swappedPipelineOutcome(p: SwappedPipeline): ReplayOutcome {
  const { step, machine, partition } = p;
  const stages = stagesOf(stageTable(step, p.recompute), partition.bounds);
  const host = hostBytes(p);
  if (host > machine.dramBytes) {
    const reason = `the states need ${formatBytes(host)} of host memory, the machine has ${
      formatBytes(machine.dramBytes)
    }`;
    return doesNotRun(reason, {}, [`${p.policy}: ${reason}.`]);
  }
  const tasks = pipelineTasks(stages, machine, {
    microBatches: step.microBatches,
    gpuOfSlot: p.gpuOfSlot,
    prefetch: p.prefetch,
  });
  const timeline = runTasks(machine, tasks);
  const metrics: Metrics = {
    stage_count: metric(stages.length, "count", "modelled"),
    plan_seconds: Number.isFinite(partition.seconds)
      ? metric(partition.seconds, "seconds", "modelled")
      : unknownMetric("seconds", "modelled", "the policy does not plan"),
    proved_optimal_seconds: p.proof !== null && p.proof.seconds !== null
      ? metric(p.proof.seconds, "seconds", "modelled")
      : unknownMetric("seconds", "modelled", p.proof?.sentence ?? p.unproved ?? "not asked for"),
    contending_pairs: metric(
      contendingPairs(p.gpuOfSlot.slice(0, stages.length), machine.roots),
      "count",
      "modelled",
    ),
  };
  const sizes = stages.map((s) => s.to - s.from);
  const shape = new Set(sizes).size === 1
    ? `${stages.length} stages of ${sizes[0]} layer${sizes[0] === 1 ? "" : "s"}`
    : `${stages.length} stages of ${Math.min(...sizes)} to ${Math.max(...sizes)} layers`;
  return stepOutcome({
    machine,
    step,
    timeline,
    gpuPeakBytes: peakBytes(stages, machine, step.microBatches, p.prefetch),
    hostBytes: host,
    ssdBytes: 0,
    metrics,
    notes: [
      `${p.policy}: ${shape} on GPUs ${
        p.gpuOfSlot.slice(0, stages.length).join(", ")
      }: the step takes ` +
      `${formatSeconds(timeline.seconds)}.`,
      ...(p.proof === null ? [] : [`${p.policy}: ${p.proof.sentence}`]),
      ...p.notes,
    ],
    detail: { bounds: [...partition.bounds], gpuOfSlot: [...p.gpuOfSlot] },
  });
}
