import type { Figure } from "../../model/figure.ts";
import type { Json } from "../../model/json.ts";
import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { ReplayOutcome } from "../../model/policy.ts";
import type { StepProfile } from "../../model/step_profile.ts";
import type { DeviceUsage, FlowUsage, HeldUsage, Usage } from "../../model/usage.ts";
import type { Machine } from "./machine.ts";
import type { Timeline } from "./task_graph.ts";
import { type TimelineFacts, timelineFacts } from "./timeline_facts.ts";
import { linkTraffic, timelineFigure, timelineSpans } from "./timeline_spans.ts";

/** What a policy adds to what its timeline says. */
export interface StepResult {
  readonly machine: Machine;
  readonly step: StepProfile;
  readonly timeline: Timeline;
  /** Steps that the timeline covers. */
  readonly steps?: number;
  /** Fullest GPU, bytes. */
  readonly gpuPeakBytes: number;
  /** Bytes of the job that lie in host memory and on the drives during the step. */
  readonly hostBytes: number;
  readonly ssdBytes: number;
  readonly metrics?: Metrics;
  readonly notes?: readonly string[];
  readonly detail?: { readonly [key: string]: Json };
}

/** Links that a picture compares; all stand in the result. */
const MOST_LINKS_DRAWN = 26;

const STEP_METRICS = [
  ["step_seconds", "seconds"],
  ["samples_per_second", "perSecond"],
  ["transfer_wait_ratio", "ratio"],
  ["bubble_ratio", "ratio"],
  ["gpu_compute_ratio", "ratio"],
  ["upload_bytes", "bytes"],
  ["download_bytes", "bytes"],
  ["peer_bytes", "bytes"],
  ["ssd_read_bytes", "bytes"],
  ["ssd_written_bytes", "bytes"],
  ["update_seconds", "seconds"],
] as const;

/** The outcome of a step that cannot run: every metric of a step unknown, with the reason. */
export function doesNotRun(
  reason: string,
  known: Metrics,
  notes: readonly string[],
): ReplayOutcome {
  const unknown = Object.fromEntries(
    STEP_METRICS.map(([id, unit]) => [id, unknownMetric(unit, "modelled", reason)]),
  );
  return { metrics: { ...unknown, ...known }, usage: null, notes };
}

function usageOf(result: StepResult, facts: TimelineFacts): Usage {
  const { machine, step } = result;
  const wall = facts.stepSeconds;
  const devices: DeviceUsage[] = [{
    kind: "gpu",
    ...(machine.gpuKey === null ? {} : { key: machine.gpuKey }),
    count: machine.gpus,
    reservedSeconds: machine.gpus * wall,
    busySeconds: facts.computeSeconds,
  }];
  const flows: FlowUsage[] = [];
  const held: HeldUsage[] = [{
    tier: "hbm",
    byteSeconds: machine.gpus * result.gpuPeakBytes * wall,
  }];
  if (result.hostBytes > 0) held.push({ tier: "dram", byteSeconds: result.hostBytes * wall });
  const flow = (
    tier: FlowUsage["tier"],
    direction: FlowUsage["direction"],
    bytes: number,
    kinds: readonly string[],
  ) => {
    if (bytes <= 0) return;
    const requests = result.timeline.tasks.filter((t) => kinds.includes(t.kind)).length;
    flows.push({ tier, direction, bytes: Math.round(bytes), requests });
  };
  flow("dram", "read", facts.uploadBytes, ["upload"]);
  flow("dram", "write", facts.downloadBytes, ["download"]);
  flow("ssd", "read", facts.ssdReadBytes, ["ssd read"]);
  flow("ssd", "write", facts.ssdWrittenBytes, ["ssd write"]);
  if (result.ssdBytes > 0) {
    held.push({ tier: "ssd", byteSeconds: result.ssdBytes * wall });
    const reserved = machine.ssdCount * wall;
    devices.push({
      kind: "ssd",
      ...(machine.ssdName === null ? {} : { key: machine.ssdName }),
      count: machine.ssdCount,
      reservedSeconds: reserved,
      busySeconds: Math.min(reserved, machine.ssdCount * facts.ssdBusySeconds),
    });
  }
  return {
    wallSeconds: wall,
    functionalUnits: {
      steps: result.steps ?? 1,
      samples: (result.steps ?? 1) * step.microBatches * step.samplesPerMicroBatch,
    },
    devices,
    flows,
    held,
    evidence: "modelled",
  };
}

/** Metrics, usage, picture and time line of a step that ran. */
export function stepOutcome(result: StepResult): ReplayOutcome {
  const { machine, step, timeline } = result;
  const steps = result.steps ?? 1;
  const facts = timelineFacts(timeline, machine.gpus);
  const seconds = facts.stepSeconds / steps;
  const available = machine.gpus * facts.stepSeconds;
  const of = (value: number, unit: "seconds" | "bytes" | "ratio" | "perSecond" | "count") =>
    metric(value, unit, "modelled");
  const bytes = (total: number) => of(Math.round(total / steps), "bytes");
  const share = (part: number) => of(available === 0 ? 0 : part / available, "ratio");
  const metrics: Metrics = {
    step_seconds: of(seconds, "seconds"),
    samples_per_second: of(step.microBatches * step.samplesPerMicroBatch / seconds, "perSecond"),
    transfer_wait_ratio: share(facts.transferWaitSeconds),
    bubble_ratio: share(facts.bubbleSeconds),
    gpu_compute_ratio: share(facts.computeSeconds),
    gpu_peak_bytes: bytes(result.gpuPeakBytes * steps),
    host_held_bytes: bytes(result.hostBytes * steps),
    upload_bytes: bytes(facts.uploadBytes),
    download_bytes: bytes(facts.downloadBytes),
    peer_bytes: bytes(facts.peerBytes),
    ssd_read_bytes: bytes(facts.ssdReadBytes),
    ssd_written_bytes: bytes(facts.ssdWrittenBytes),
    update_seconds: of(facts.updateSeconds / steps, "seconds"),
    ...result.metrics,
  };
  const links = linkTraffic(timeline);
  const figures: Figure[] = [
    timelineFigure(timeline),
    ...(links.length === 0 || links.length > MOST_LINKS_DRAWN ? [] : [{
      chart: "bars",
      title: "Bytes by link",
      rows: links.map((l) => ({ label: l.lane, value: l.bytes })),
      options: { xTitle: "bytes", unit: "bytes" },
    }]),
  ];
  return {
    metrics,
    usage: usageOf(result, facts),
    figures,
    detail: {
      ...result.detail,
      links: links.map((l) => ({ ...l })),
      timeline: timelineSpans(timeline),
    },
    notes: result.notes ?? [],
  };
}
