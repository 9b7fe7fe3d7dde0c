import type { Json } from "../../../model/json.ts";
import { metric, type Metrics } from "../../../model/metric.ts";
import { formatBytes, formatNumber, formatRatio, formatSeconds } from "../../../model/units.ts";
import type { Timeline } from "../engine.ts";
import { remarks, type TraceFacts } from "../outcome.ts";
import { type Bill, metricsOf } from "../outcome_metrics.ts";
import type { Waste } from "../outcome_usage.ts";
import type { Job } from "../params.ts";
import type { PreparedJob } from "../prepare_job.ts";
import type { StoreTimes } from "./job_timeline.ts";
import type { SharedStore } from "./shared_params.ts";

/** What one of the jobs on a store was and did. */
export interface JobRun {
  readonly p: Job;
  readonly startSeconds: number;
  readonly prepared: PreparedJob;
  readonly timeline: Timeline;
  readonly bill: Bill;
  readonly times: StoreTimes;
  readonly waste: Waste;
}

/** Kinds of jobs that the notes tell one by one. */
const MOST_TOLD = 12;

export function jobMetrics({ p, prepared, timeline, bill }: JobRun): Metrics {
  const { setup, spares } = prepared;
  return {
    ...metricsOf(timeline, p, bill),
    ...setup.metrics?.(timeline),
    ...(p.spares === null ? {} : { spare_nodes: metric(spares, "count", "replayed") }),
    ...(setup.intervalSeconds === undefined ? {} : {
      checkpoint_interval_seconds: metric(setup.intervalSeconds, "seconds", "replayed"),
    }),
  };
}

function goodput(t: Timeline): number {
  return t.wallSeconds === 0 ? 1 : (t.phases.useful - t.capacityLossSeconds) / t.wallSeconds;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, v) => sum + v, 0) / values.length;
}

export function jobDetail(run: JobRun): { [key: string]: Json } {
  const { p, prepared, timeline, times } = run;
  return {
    startSeconds: run.startSeconds,
    gpus: p.gpus,
    checkpointBytes: p.bytes,
    intervalSeconds: prepared.setup.intervalSeconds ?? null,
    goodputRatio: goodput(timeline),
    wallSeconds: timeline.wallSeconds,
    phases: { ...timeline.phases },
    failures: timeline.failures,
    saves: timeline.remoteSaves,
    meanSaveSeconds: mean(times.saveSeconds),
    meanLoadSeconds: mean(times.loadSeconds),
    deferredSaves: times.deferred,
  };
}

/** Jobs of one kind in a line: their mean. */
function told(runs: readonly JobRun[], numbers: readonly number[]): string {
  const { p, prepared, startSeconds } = runs[0];
  const every = prepared.setup.intervalSeconds;
  const ratio = mean(runs.map((r) => goodput(r.timeline)))!;
  const save = mean(runs.flatMap((r) => r.times.saveSeconds));
  const [first, last] = [numbers[0], numbers[numbers.length - 1]];
  return `${first === last ? `job ${first}` : `jobs ${first} to ${last}`}: ${
    formatNumber(p.gpus)
  } GPUs, ${formatBytes(p.bytes)}` +
    (every === undefined ? "" : ` every ${formatSeconds(every)}`) +
    (startSeconds === 0 ? "" : `, from ${formatSeconds(startSeconds)}`) +
    `, goodput ${formatRatio(Number(ratio.toPrecision(4)))}` +
    (save === null ? "" : `, a save takes ${formatSeconds(save)}`);
}

/** Neighbours of one description in a line each. */
function toldJobs(runs: readonly JobRun[], shared: SharedStore): string[] {
  const kinds: { runs: JobRun[]; numbers: number[]; of: string }[] = [];
  shared.each?.forEach((spec, j) => {
    const of = JSON.stringify(spec);
    const last = kinds[kinds.length - 1];
    if (last?.of === of) {
      last.runs.push(runs[j]);
      last.numbers.push(j + 1);
    } else kinds.push({ runs: [runs[j]], numbers: [j + 1], of });
  });
  return [
    ...kinds.slice(0, MOST_TOLD).map((kind) => told(kind.runs, kind.numbers)),
    ...(kinds.length <= MOST_TOLD ? [] : ["the other jobs stand in the document's detail.jobs"]),
  ];
}

/** What a reader of jobs on a store must know. */
export function notesOf(
  runs: readonly JobRun[],
  shared: SharedStore,
  facts: TraceFacts,
): string[] {
  const { length } = runs;
  return [
    ...new Set([
      `${length} jobs share ${shared.name}: times are means over the jobs, counts and bytes sums`,
      ...(length === 1
        ? ["one job alone never waits for another; --jobs N sets their number"]
        : []),
      ...toldJobs(runs, shared),
      ...runs.flatMap((r) => r.prepared.setup.notes ?? []),
      ...runs.flatMap((r) => remarks(r.timeline, r.prepared, facts)),
    ]),
  ];
}
