import {
  exactInteger,
  metric,
  type Metrics,
  type MetricValue,
  unknownMetric,
} from "../../model/metric.ts";
import type { FlowUsage } from "../../model/usage.ts";
import type { Timeline } from "./engine.ts";
import type { Job } from "./params.ts";
import { PHASE_METRICS, type Phases } from "./phases.ts";

/** What a job moved and held besides its own GPUs. */
export interface Bill {
  readonly flows: readonly FlowUsage[];
  readonly dramBytes: number;
  readonly spareGpus: number;
}

/** Tiers and directions with a metric of their own. */
const FLOW_METRICS = [
  ["dram", "write", "dram_written_bytes"],
  ["dram", "read", "dram_read_bytes"],
  ["peer_dram", "write", "peer_dram_written_bytes"],
  ["peer_dram", "read", "peer_dram_read_bytes"],
  ["ssd", "write", "ssd_written_bytes"],
  ["ssd", "read", "ssd_read_bytes"],
  ["remote", "write", "remote_written_bytes"],
  ["remote", "read", "remote_read_bytes"],
  ["hbm", "write", "hbm_written_bytes"],
] as const;

/** The metrics of one timeline. */
export function metricsOf(t: Timeline, p: Job, bill: Bill): Metrics {
  const work = t.phases.useful - t.capacityLossSeconds;
  const steps = p.iteration > 0 ? work / p.iteration : 0;
  const phases = Object.entries(t.phases).map(([phase, seconds]) => [
    PHASE_METRICS[phase as keyof Phases],
    metric(seconds, "seconds", "replayed"),
  ]);
  return {
    goodput_ratio: metric(t.wallSeconds === 0 ? 1 : work / t.wallSeconds, "ratio", "replayed"),
    wall_seconds: metric(t.wallSeconds, "seconds", "replayed"),
    ...Object.fromEntries(phases),
    capacity_loss_seconds: metric(t.capacityLossSeconds, "seconds", "replayed"),
    failure_count: metric(t.failures, "count", "replayed"),
    checkpoint_count: metric(t.remoteSaves, "count", "replayed"),
    lost_iterations: p.iteration > 0
      ? metric(t.lostWorkSeconds / p.iteration, "count", "replayed")
      : unknownMetric("count", "replayed", "the job has no iteration time"),
    ...tokenMetrics(t, p, steps),
    gpus_idled_per_failure: t.rollbacks > 0
      ? metric(t.idledGpuSum / t.rollbacks, "count", "replayed")
      : unknownMetric("count", "replayed", "no failure hit the job"),
    wasted_gpu_seconds: metric(
      (t.wallSeconds - work) * p.gpus + t.wallSeconds * bill.spareGpus,
      "seconds",
      "replayed",
    ),
    ...byteMetrics(p, bill, steps),
  };
}

/** Tokens of useful and of lost iterations, where the tokens of an iteration are known. */
function tokenMetrics(t: Timeline, p: Job, steps: number): Metrics {
  const tokens = p.iterationTokens;
  if (tokens === null || !(p.iteration > 0)) return {};
  const useful = steps * tokens;
  return {
    useful_tokens_per_second: t.wallSeconds > 0
      ? metric(useful / t.wallSeconds, "perSecond", "replayed")
      : unknownMetric("perSecond", "replayed", "the job took no time"),
    lost_tokens: metric(t.lostWorkSeconds / p.iteration * tokens, "count", "replayed"),
  };
}

const BYTE_METRICS = [
  "checkpoint_written_bytes",
  "checkpoint_read_bytes",
  "dram_held_bytes",
  "ft_bytes_per_useful_step",
] as const;

function byteMetrics(p: Job, bill: Bill, steps: number): Metrics {
  if (!(p.bytes > 0)) {
    // A policy that saves nothing moves nothing, whatever the size.
    if (bill.flows.length === 0) {
      return Object.fromEntries(BYTE_METRICS.map((id) => [id, metric(0, "bytes", "replayed")]));
    }
    const reason = "the size of a checkpoint is not known; give --set bytes=SIZE";
    return Object.fromEntries(
      BYTE_METRICS.map((id) => [id, unknownMetric("bytes", "replayed", reason)]),
    );
  }
  const bytes = (select: (f: FlowUsage) => boolean): number =>
    bill.flows.filter(select).reduce((sum, f) => sum + f.bytes, 0);
  const stored = (f: FlowUsage) => f.tier === "remote" || f.tier === "ssd";
  const tiers = FLOW_METRICS
    .filter(([tier, direction]) =>
      bill.flows.some((f) => f.tier === tier && f.direction === direction)
    )
    .map(([tier, direction, id]) => [
      id,
      wholeBytes(bytes((f) => f.tier === tier && f.direction === direction)),
    ]);
  return {
    checkpoint_written_bytes: wholeBytes(bytes((f) => f.direction === "write" && stored(f))),
    checkpoint_read_bytes: wholeBytes(bytes((f) => f.direction === "read")),
    dram_held_bytes: wholeBytes(bill.dramBytes),
    ...Object.fromEntries(tiers),
    ft_bytes_per_useful_step: steps > 0
      ? metric(bytes(() => true) / steps, "bytes", "replayed")
      : unknownMetric("bytes", "replayed", "no iteration was useful"),
  };
}

/** Petabytes pass 2^53: those are decimal strings. */
function wholeBytes(bytes: number): MetricValue {
  return { value: exactInteger(BigInt(Math.round(bytes))), unit: "bytes", evidence: "replayed" };
}
