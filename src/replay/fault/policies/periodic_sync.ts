import { z } from "zod";
import { metric, type Metrics } from "../../../model/metric.ts";
import { bytesParam, secondsParam } from "../../../model/params.ts";
import type { Policy, Replay, ReplayContext } from "../../../model/policy.ts";
import type { FaultColumns } from "../../../model/trace/faults.ts";
import { dalyInterval, exactInterval, youngInterval } from "../optimum.ts";
import { replaySync, type SyncTimeline } from "../timeline.ts";

const params = z.strictObject({
  useful: secondsParam().default(30 * 86400).describe("useful training time of the whole job"),
  interval: z.union([z.enum(["young", "daly", "exact"]), secondsParam()]).default("daly")
    .describe("useful seconds between checkpoints, or young, daly, exact"),
  checkpoint: secondsParam().default(60).describe("blocking time of a checkpoint"),
  restart: secondsParam().default(300).describe("detection to training again"),
  mtbf: secondsParam().nullable().default(null)
    .describe("mean time between failures for young, daly, exact; from the trace when not given"),
  restartImmune: z.boolean().default(true).describe("failures during a restart are ignored"),
  bytes: bytesParam().default(0).describe("bytes of a checkpoint; 0 when unknown"),
  gpus: z.number().int().positive().default(1).describe("GPUs of the job"),
});

type Params = z.infer<typeof params>;

const OPTIMA = { young: youngInterval, daly: dalyInterval, exact: exactInterval } as const;

/** Mean time between failures of the trace: span by count, the span ending with the last failure. */
function observedMtbf(times: readonly number[], spanSeconds: number | null): number | null {
  const span = spanSeconds ?? times.at(-1) ?? 0;
  return times.length === 0 || span <= 0 ? null : span / times.length;
}

function create(p: Params, context: ReplayContext<"faults">): Replay<"faults"> {
  const times: number[] = [];
  return {
    feed(columns: FaultColumns) {
      for (let i = 0; i < columns.count; i++) times.push(columns.startSeconds[i]);
    },
    finish() {
      const mtbf = p.mtbf ?? observedMtbf(times, context.meta.spanSeconds);
      const notes: string[] = [];
      let interval: number;
      if (typeof p.interval === "number") {
        interval = p.interval;
      } else if (mtbf === null) {
        interval = p.useful;
        notes.push(
          `the trace has no failure: ${p.interval} has no rate, one checkpoint at the end`,
        );
      } else {
        interval = Math.min(p.useful, OPTIMA[p.interval](p.checkpoint, mtbf));
      }
      const timeline = replaySync({
        usefulSeconds: p.useful,
        intervalSeconds: interval,
        checkpointSeconds: p.checkpoint,
        restartSeconds: p.restart,
        restartImmune: p.restartImmune,
      }, times);
      const end = context.meta.spanSeconds ?? times.at(-1) ?? 0;
      if (timeline.wallSeconds > end && times.length > 0) {
        notes.push("the job outlives the trace: no failure is assumed after the trace's end");
      }
      return {
        metrics: metricsOf(timeline, interval, p),
        usage: usageOf(timeline, p),
        series: [progressSeries(timeline, context.seriesPoints)],
        ...(notes.length === 0 ? {} : { notes }),
      };
    },
  };
}

function metricsOf(t: SyncTimeline, interval: number, p: Params): Metrics {
  const seconds = (value: number) => metric(value, "seconds", "replayed");
  return {
    goodput_ratio: metric(t.usefulSeconds / t.wallSeconds, "ratio", "replayed"),
    wall_seconds: seconds(t.wallSeconds),
    useful_seconds: seconds(t.usefulSeconds),
    lost_seconds: seconds(t.lostSeconds),
    checkpoint_seconds: seconds(t.checkpointSeconds),
    restart_seconds: seconds(t.restartSeconds),
    failure_count: metric(t.failures, "count", "replayed"),
    checkpoint_interval_seconds: seconds(interval),
    ...(p.bytes === 0
      ? {}
      : { checkpoint_written_bytes: metric(t.checkpoints * p.bytes, "bytes", "replayed") }),
  };
}

function usageOf(t: SyncTimeline, p: Params) {
  return {
    wallSeconds: t.wallSeconds,
    functionalUnits: { usefulSeconds: t.usefulSeconds },
    devices: [{
      kind: "gpu" as const,
      count: p.gpus,
      reservedSeconds: t.wallSeconds * p.gpus,
      busySeconds: (t.usefulSeconds + t.lostSeconds) * p.gpus,
    }],
    flows: p.bytes === 0 ? [] : [{
      tier: "remote" as const,
      direction: "write" as const,
      bytes: t.checkpoints * p.bytes,
      requests: t.checkpoints,
    }],
    held: [],
    evidence: "replayed" as const,
  };
}

function progressSeries(t: SyncTimeline, points: number) {
  const step = Math.max(1, Math.ceil(t.progress.length / points));
  const kept = t.progress.filter((_, i) => i % step === 0 || i === t.progress.length - 1);
  return {
    id: "progress",
    title: "durable training over wall time",
    xUnit: "seconds" as const,
    unit: "seconds",
    x: kept.map(([wall]) => wall),
    y: kept.map(([, useful]) => useful),
  };
}

export const policy: Policy<"faults", Params> = {
  name: "periodic-sync",
  family: "fault",
  summary: "stop every so often, write a checkpoint, go on (torch.save, Megatron)",
  reference:
    "Young 1974; Daly, FGCS 22(3) 2006, section 3; replay rules of the deterministic example",
  accepts: ["faults"],
  params,
  create,
};
