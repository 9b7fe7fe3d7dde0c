import type { Json } from "../../model/json.ts";
import { metric } from "../../model/metric.ts";
import type { ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import { FAULT_KINDS } from "../../model/trace/faults.ts";
import type { Timeline } from "./engine.ts";
import { timelineFigure } from "./figures.ts";
import { type Bill, metricsOf } from "./outcome_metrics.ts";
import { usageOf, wasteOf } from "./outcome_usage.ts";
import type { Job } from "./params.ts";
import type { PreparedJob } from "./prepare_job.ts";

/** What an outcome says of the trace besides the job. */
export interface TraceFacts {
  readonly spanSeconds: number;
  /** Failures whose node the topology does not hold. */
  readonly unplaced: number;
}

/** The traffic of a timeline with the spares that waited beside it. */
export function billOf(p: Job, { setup, spares }: PreparedJob, timeline: Timeline): Bill {
  const { flows, dramBytes } = setup.traffic(timeline);
  return { flows, dramBytes, spareGpus: spares * p.gpusPerNode };
}

/** The outcome of one job's replay. */
export function outcomeOf(
  p: Job,
  context: ReplayContext<"faults">,
  prepared: PreparedJob,
  timeline: Timeline,
  facts: TraceFacts,
): ReplayOutcome {
  const { setup, spares } = prepared;
  const bill = billOf(p, prepared, timeline);
  const said = [...(setup.notes ?? []), ...remarks(timeline, prepared, facts)];
  const gpuKey = context.profiles.hardware?.gpu?.key;
  return {
    metrics: {
      ...metricsOf(timeline, p, bill),
      ...(setup.intervalSeconds === undefined ? {} : {
        checkpoint_interval_seconds: metric(setup.intervalSeconds, "seconds", "replayed"),
      }),
      ...(p.spares === null ? {} : { spare_nodes: metric(spares, "count", "replayed") }),
      ...setup.metrics?.(timeline),
    },
    usage: usageOf(timeline, p, bill, gpuKey),
    series: [progressSeries(timeline, context.seriesPoints)],
    ...(timeline.spans.length === 0 ? {} : { figures: [timelineFigure(timeline)] }),
    detail: {
      phases: { ...timeline.phases },
      recoveries: { ...timeline.recoveries },
      capacityLossSeconds: timeline.capacityLossSeconds,
      failuresByKind: countKinds(prepared),
      waste: wasteOf(timeline, p, bill, gpuKey) as unknown as Json,
    },
    ...(said.length === 0 ? {} : { notes: said }),
  };
}

/** Failures of the trace that concern the job, by kind. */
function countKinds({ failures }: PreparedJob): { [kind: string]: number } {
  const counts = new Array<number>(FAULT_KINDS.length).fill(0);
  for (let i = 0; i < failures.count; i++) counts[failures.kind[i]]++;
  return Object.fromEntries(
    FAULT_KINDS.map((kind, i) => [kind, counts[i]] as const).filter(([, count]) => count > 0),
  );
}

/** What a reader of a timeline must know. */
export function remarks(t: Timeline, prepared: PreparedJob, facts: TraceFacts): string[] {
  const notes = facts.unplaced === 0 ? [] : [
    `${facts.unplaced} failures name nodes that the topology lacks: they hit the job at an unknown node`,
  ];
  if (!t.finished) return [...notes, "the job never finished: too few nodes were left"];
  if (t.wallSeconds > facts.spanSeconds && prepared.failures.count > 0) {
    notes.push("the job outlives the trace: no failure is assumed after the trace's end");
  }
  return notes;
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
