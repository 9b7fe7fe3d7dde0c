import { exactInteger, metric, type Metrics, type MetricValue } from "../../model/metric.ts";
import type { Replay, ReplayContext } from "../../model/policy.ts";
import type { FaultColumns } from "../../model/trace/faults.ts";
import type { FlowUsage, HeldUsage, Usage } from "../../model/usage.ts";
import { type FailureList, replayFaults, type Timeline } from "./engine.ts";
import { detectSeconds, type JobParams, loadSeconds } from "./params.ts";
import { PHASE_METRICS, type Phases } from "./phases.ts";
import type { Failure, FaultPlan, Recovery } from "./plan.ts";

/** What a policy knows when all failures were fed. */
export interface FaultInput {
  readonly failures: FailureList;
  /** Mean time between failures: given, or observed; null for a trace without failures. */
  readonly mtbf: number | null;
  /** End of the observation, seconds. */
  readonly spanSeconds: number;
}

/** What a policy's plan costs besides time. */
export interface PolicyTraffic {
  readonly flows: readonly FlowUsage[];
  /** Bytes held in DRAM all the time, own and peers'. */
  readonly dramBytes: number;
  /** GPUs reserved beside the job's (spares). */
  readonly spareGpus: number;
}

export interface PolicySetup {
  readonly plan: FaultPlan;
  /** Useful seconds between saves, when the policy saves. */
  readonly intervalSeconds?: number;
  readonly notes?: readonly string[];
  /** Metrics of the policy alone. */
  readonly metrics?: Metrics;
  traffic(timeline: Timeline): PolicyTraffic;
}

/** Index of `node_added` in the kinds. */
const ADDED = 8;

function joined(batches: readonly FaultColumns[], repair: number): FailureList {
  const count = batches.reduce((sum, b) => sum + b.count, 0);
  const seconds = new Float64Array(count);
  const kind = new Uint8Array(count);
  const node = new Int32Array(count);
  const downSeconds = new Float64Array(count);
  let at = 0;
  for (const b of batches) {
    seconds.set(b.startSeconds.subarray(0, b.count), at);
    kind.set(b.faultKind.subarray(0, b.count), at);
    node.set(b.node.subarray(0, b.count), at);
    downSeconds.set(b.downSeconds.subarray(0, b.count), at);
    at += b.count;
  }
  // A trace that says when nodes arrive (spot) needs no assumed repair.
  if (!kind.includes(ADDED)) {
    for (let i = 0; i < count; i++) if (Number.isNaN(downSeconds[i])) downSeconds[i] = repair;
  }
  return { count, seconds, kind, node, downSeconds };
}

/** Mean time between failures of a list: the observation by the count. */
export function observedMtbf(list: FailureList, spanSeconds: number): number | null {
  let failures = 0;
  for (let i = 0; i < list.count; i++) if (list.kind[i] !== ADDED) failures++;
  return failures === 0 || spanSeconds <= 0 ? null : spanSeconds / failures;
}

/** A replay of the fault family: collects the failures, lets the policy plan, replays, prices. */
export function faultReplay(
  p: JobParams,
  context: ReplayContext<"faults">,
  setup: (input: FaultInput) => PolicySetup,
): Replay<"faults"> {
  const batches: FaultColumns[] = [];
  return {
    feed: (columns) => {
      batches.push(columns);
    },
    finish() {
      const failures = joined(batches, p.repair);
      const last = failures.count === 0 ? 0 : failures.seconds[failures.count - 1];
      const spanSeconds = context.meta.spanSeconds ?? last;
      const mtbf = p.mtbf ?? observedMtbf(failures, spanSeconds);
      const { plan, traffic, intervalSeconds, notes = [], metrics = {} } = setup({
        failures,
        mtbf,
        spanSeconds,
      });
      const timeline = replayFaults(
        {
          usefulSeconds: p.useful,
          iterationSeconds: p.iteration,
          restartImmune: p.restartImmune,
          horizonSeconds: spanSeconds,
        },
        plan,
        failures,
      );
      const priced = traffic(timeline);
      const said = [...notes, ...remarks(timeline, spanSeconds, failures.count)];
      return {
        metrics: {
          ...metricsOf(timeline, p, priced),
          ...(intervalSeconds === undefined
            ? {}
            : { checkpoint_interval_seconds: metric(intervalSeconds, "seconds", "replayed") }),
          ...metrics,
        },
        usage: usageOf(timeline, p, priced, context.profiles.hardware?.gpu?.key),
        series: [progressSeries(timeline, context.seriesPoints)],
        detail: {
          phases: { ...timeline.phases },
          recoveries: { ...timeline.recoveries },
          capacityLossSeconds: timeline.capacityLossSeconds,
        },
        ...(said.length === 0 ? {} : { notes: said }),
      };
    },
  };
}

function remarks(t: Timeline, spanSeconds: number, failures: number): string[] {
  if (!t.finished) return ["the job never finished: too few nodes were left"];
  return t.wallSeconds > spanSeconds && failures > 0
    ? ["the job outlives the trace: no failure is assumed after the trace's end"]
    : [];
}

function metricsOf(t: Timeline, p: JobParams, traffic: PolicyTraffic): Metrics {
  const phases = Object.entries(t.phases).map(([phase, seconds]) => [
    PHASE_METRICS[phase as keyof Phases],
    metric(seconds, "seconds", "replayed"),
  ]);
  const bytes = (select: (f: FlowUsage) => boolean): number =>
    traffic.flows.filter(select).reduce((sum, f) => sum + f.bytes, 0);
  const written = bytes((f) =>
    f.direction === "write" && (f.tier === "remote" || f.tier === "ssd")
  );
  const known = p.bytes > 0;
  const work = t.phases.useful - t.capacityLossSeconds;
  const steps = p.iteration > 0 ? work / p.iteration : 0;
  return {
    goodput_ratio: metric(t.wallSeconds === 0 ? 1 : work / t.wallSeconds, "ratio", "replayed"),
    wall_seconds: metric(t.wallSeconds, "seconds", "replayed"),
    ...Object.fromEntries(phases),
    capacity_loss_seconds: metric(t.capacityLossSeconds, "seconds", "replayed"),
    failure_count: metric(t.failures, "count", "replayed"),
    checkpoint_count: metric(t.remoteSaves, "count", "replayed"),
    ...(p.iteration > 0
      ? { lost_iterations: metric(t.lostWorkSeconds / p.iteration, "count", "replayed") }
      : {}),
    ...(t.rollbacks > 0
      ? { gpus_idled_per_failure: metric(t.idledGpuSum / t.rollbacks, "count", "replayed") }
      : {}),
    wasted_gpu_seconds: metric(
      (t.wallSeconds - work) * p.gpus + t.wallSeconds * traffic.spareGpus,
      "seconds",
      "replayed",
    ),
    ...(known
      ? {
        checkpoint_written_bytes: wholeBytes(written),
        checkpoint_read_bytes: wholeBytes(bytes((f) => f.direction === "read")),
        dram_held_bytes: wholeBytes(traffic.dramBytes),
        ...(steps > 0
          ? {
            ft_bytes_per_useful_step: metric(bytes(() => true) / steps, "bytes", "replayed"),
          }
          : {}),
      }
      : {}),
  };
}

/** Petabytes pass 2^53: those are decimal strings. */
function wholeBytes(bytes: number): MetricValue {
  return { value: exactInteger(BigInt(Math.round(bytes))), unit: "bytes", evidence: "replayed" };
}

function usageOf(
  t: Timeline,
  p: JobParams,
  traffic: PolicyTraffic,
  gpuKey: string | undefined,
): Usage {
  const training = t.phases.useful + t.phases.lost;
  const held: HeldUsage[] = traffic.dramBytes === 0
    ? []
    : [{ tier: "dram", byteSeconds: traffic.dramBytes * t.wallSeconds }];
  return {
    wallSeconds: t.wallSeconds,
    functionalUnits: {
      usefulSeconds: t.phases.useful - t.capacityLossSeconds,
      ...(p.iteration > 0
        ? { iterations: (t.phases.useful - t.capacityLossSeconds) / p.iteration }
        : {}),
    },
    devices: [{
      kind: "gpu",
      ...(gpuKey === undefined ? {} : { key: gpuKey }),
      count: p.gpus + traffic.spareGpus,
      reservedSeconds: t.wallSeconds * (p.gpus + traffic.spareGpus),
      // Lost training burns what useful training burns; spares idle.
      busySeconds: training * p.gpus,
    }],
    flows: traffic.flows.filter((f) => f.bytes > 0).map((f) => ({
      ...f,
      bytes: Math.round(f.bytes),
    })),
    held,
    evidence: "replayed",
  };
}

function progressSeries(t: Timeline, points: number) {
  const step = Math.max(1, Math.ceil(t.progress.length / points));
  const kept = t.progress.filter((_, i) => i % step === 0 || i === t.progress.length - 1);
  return {
    id: "progress",
    title: "training that counts over wall time",
    xUnit: "seconds" as const,
    unit: "seconds",
    x: kept.map(([wall]) => wall),
    y: kept.map(([, work]) => work),
  };
}

/** The recovery that most policies share, from the job's parameters; the slowest detection counts. */
export function plainRecovery(
  p: JobParams,
  failures: readonly Failure[],
  at: number,
  restore: Recovery["restore"],
): Recovery {
  const sdc = failures.some((f) => f.kind === "sdc");
  const detect = Math.max(...failures.map((f) => detectSeconds(p, f.kind)));
  return {
    restore,
    detect,
    diagnose: p.diagnose,
    waitNode: p.wait,
    restart: p.restart,
    load: loadSeconds(p),
    reconfig: 0,
    idledGpus: p.gpus,
    ...(sdc ? { onset: at - p.sdcDelay } : {}),
  };
}

/** A flow of `bytes` in `requests` operations. */
export function flow(
  tier: FlowUsage["tier"],
  direction: FlowUsage["direction"],
  bytes: number,
  requests: number,
): FlowUsage {
  return { tier, direction, bytes, requests };
}
