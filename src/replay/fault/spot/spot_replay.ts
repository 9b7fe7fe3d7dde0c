import type { Json } from "../../../model/json.ts";
import { metric } from "../../../model/metric.ts";
import type { Replay, ReplayContext } from "../../../model/policy.ts";
import type { FaultColumns } from "../../../model/trace/faults.ts";
import type { Usage } from "../../../model/usage.ts";
import { emptyPhases, PHASE_METRICS, type Phases, sumPhases } from "../phases.ts";
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
      phases.waitNode = r.firstWaitMs / 1000;
      phases.stall = r.stalledMs / 1000;
      // What is left: rendezvous, and steps that one cut short.
      phases.reconfig = Math.max(0, wall - sumPhases(phases));
      const seconds = (value: number) => metric(value, "seconds", "replayed");
      const named = Object.entries(phases).map(([phase, value]) => [
        PHASE_METRICS[phase as keyof Phases],
        seconds(value),
      ]);
      const fastest = Math.min(...job.byNodes.map((row) => row.stepMs));
      const ideal = r.goodSteps * fastest / 1000;
      const gpuSeconds = r.averageInstances * wall;
      const usage: Usage = {
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
      };
      const goodput = wall > 0 ? ideal / wall : 0;
      return {
        metrics: {
          goodput_ratio: metric(goodput, "ratio", "replayed"),
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
        usage,
        series: [progress(r.progress, context.seriesPoints)],
        detail: {
          phases: { ...phases },
          // The artifact's own accounts, for comparison with its printed breakdown.
          effectiveMs: r.effectiveMs,
          checkpointMs: r.checkpointMs,
          restartMs: r.restartMs,
          fallbackMs: r.fallbackMs,
          waste: wasteOf(usage, goodput),
        },
        notes: [
          "spot trace: rules and step times of the Oobleck artifact; ends with the last row of the trace",
        ],
      };
    },
  };
}

/** What the nodes held beyond the time that the useful steps take at the fastest. */
function wasteOf(usage: Usage, goodput: number): { [key: string]: Json } {
  const [gpu] = usage.devices;
  const total = {
    ...usage,
    devices: [{ ...gpu, reservedSeconds: gpu.reservedSeconds * (1 - goodput), busySeconds: 0 }],
  };
  const spares = {
    ...usage,
    devices: [{ ...gpu, count: 0, reservedSeconds: 0, busySeconds: 0 }],
  };
  return { total, spares } as unknown as { [key: string]: Json };
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
