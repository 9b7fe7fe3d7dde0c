import { metric } from "../../../model/metric.ts";
import type { Replay, ReplayContext } from "../../../model/policy.ts";
import type { FaultColumns } from "../../../model/trace/faults.ts";
import { emptyPhases, PHASE_METRICS, type Phases } from "../phases.ts";
import { simulateSpot, type SpotJob, type SpotRow } from "./simulate.ts";

/** Index of `node_added` in the kinds. */
const ADDED = 8;

/** Whether a trace says when nodes arrive, so that the artifact's rules apply. */
export function isSpotTrace(batches: readonly FaultColumns[]): boolean {
  return batches.some((b) => b.faultKind.subarray(0, b.count).includes(ADDED));
}

/** Replays a spot trace by the rules of the Oobleck artifact. */
export function spotReplay(
  job: SpotJob,
  context: ReplayContext<"faults">,
): Replay<"faults"> {
  const rows: SpotRow[] = [];
  return {
    feed(c) {
      for (let i = 0; i < c.count; i++) {
        rows.push({
          atMs: Math.round(c.startSeconds[i] * 1000),
          node: c.node[i],
          add: c.faultKind[i] === ADDED,
        });
      }
    },
    finish() {
      const r = simulateSpot(job, rows);
      const wall = r.lastStepEndMs / 1000;
      const phases = emptyPhases();
      phases.useful = r.usefulMs / 1000;
      phases.lost = r.lostMs / 1000;
      phases.checkpoint = r.checkpointMs / 1000;
      phases.waitNode = Math.min(job.nodeStartMs / 1000, wall);
      // What is left: rendezvous, and steps that one cut short.
      phases.reconfig = Math.max(
        0,
        wall - phases.useful - phases.lost - phases.checkpoint - phases.waitNode,
      );
      const seconds = (value: number) => metric(value, "seconds", "replayed");
      const named = Object.entries(phases).map(([phase, value]) => [
        PHASE_METRICS[phase as keyof Phases],
        seconds(value),
      ]);
      const fastest = Math.min(...job.byNodes.map((row) => row.stepMs));
      const ideal = r.goodSteps * fastest / 1000;
      const gpuSeconds = r.averageInstances * wall;
      return {
        metrics: {
          goodput_ratio: metric(wall > 0 ? ideal / wall : 0, "ratio", "replayed"),
          wall_seconds: seconds(wall),
          ...Object.fromEntries(named),
          capacity_loss_seconds: seconds(Math.max(0, phases.useful - ideal)),
          samples_per_second: metric(r.samplesPerSecond, "perSecond", "replayed"),
          completed_steps: metric(r.steps, "count", "replayed"),
          failure_count: metric(r.preemptions, "count", "replayed"),
          checkpoint_count: metric(r.checkpoints, "count", "replayed"),
          lost_iterations: metric(r.lostSteps, "count", "replayed"),
          average_instances: metric(r.averageInstances, "count", "replayed"),
          spot_usd_per_hour: metric(r.averageUsdPerHour, "usd", "modelled"),
        },
        usage: {
          wallSeconds: wall,
          functionalUnits: {
            usefulSeconds: phases.useful,
            iterations: r.goodSteps,
            samples: r.goodSteps * job.samplesPerStep,
          },
          devices: [{
            kind: "gpu",
            ...(context.profiles.hardware?.gpu == null
              ? {}
              : { key: context.profiles.hardware.gpu.key }),
            count: Math.max(1, Math.round(r.averageInstances)),
            reservedSeconds: gpuSeconds,
            busySeconds: r.averageInstances * (phases.useful + phases.lost),
          }],
          flows: [],
          held: [],
          evidence: "replayed",
        },
        series: [progress(r.progress, context.seriesPoints)],
        detail: { phases: { ...phases }, effectiveMs: r.effectiveMs, fallbackMs: r.fallbackMs },
        notes: [
          "spot trace: rules and step times of the Oobleck artifact; ends with the last row of the trace",
        ],
      };
    },
  };
}

function progress(points: readonly (readonly [number, number])[], most: number) {
  const step = Math.max(1, Math.ceil(points.length / most));
  const kept = points.filter((_, i) => i % step === 0 || i === points.length - 1);
  return {
    id: "progress",
    title: "steps that count over wall time",
    xUnit: "seconds" as const,
    unit: "count",
    x: kept.map(([atMs]) => atMs / 1000),
    y: kept.map(([, steps]) => steps),
  };
}
