import type { RunRecord, SourceStatus } from "../model/results.ts";
import type { SampleColumns, SampleSeries } from "../model/trace/samples.ts";
import { runLedger } from "./ledger.ts";
import { runMetrics } from "./run_metrics.ts";
import { runUsage, type UsageFacts } from "./run_usage.ts";
import { createRunView, type RunView } from "./run_view.ts";
import { createSeriesTotals } from "./series_totals.ts";
import { ceilingsOf, type MeasuredCeilings } from "./stall/ceilings.ts";
import { classifySeconds } from "./stall/classify.ts";
import { createSecondsBuilder } from "./stall/seconds.ts";
import { stallMetrics } from "./stall/metrics.ts";
import { summarizeStalls } from "./stall/summary.ts";

/** Intervals that a gauge's integral bridges: slow sources read once a second, SMART once a minute. */
const GAP_INTERVALS = 10;
const MIN_GAP_NS = 5e9;

/** The samples of a run, or of a part of it. */
export interface RunSamples {
  /** May grow while the batches are read. */
  readonly series: readonly SampleSeries[];
  readonly reasons: readonly string[];
  batches(): AsyncIterable<SampleColumns>;
}

export interface RunPart {
  readonly fromNs: number;
  readonly toNs: number;
  readonly intervalNs: number;
  readonly sources: readonly SourceStatus[];
  readonly recorder: RunRecord["recorder"];
  readonly usage: Omit<UsageFacts, "durationSeconds">;
  readonly ceilings?: MeasuredCeilings;
}

/** What the samples of a run say: the parts of its record that are computed. */
export interface RunAnalysis {
  readonly view: RunView;
  readonly ledger: RunRecord["ledger"];
  readonly metrics: RunRecord["metrics"];
  readonly usage: RunRecord["usage"];
  readonly stalls: RunRecord["stalls"];
}

/** Analyses a run in one pass over its samples. */
export async function analyzeRun(samples: RunSamples, part: RunPart): Promise<RunAnalysis> {
  const gap = Math.max(MIN_GAP_NS, GAP_INTERVALS * part.intervalNs);
  const totals = createSeriesTotals(samples.series, gap);
  const seconds = createSecondsBuilder(samples.series, part.fromNs, part.toNs, gap);
  for await (const batch of samples.batches()) {
    totals.add(batch);
    seconds.add(batch);
  }
  const view = createRunView(
    samples.series.map((series, i) => ({ series, total: totals.total(i, samples.reasons) })),
  );
  const durationSeconds = (part.toNs - part.fromNs) / 1e9;
  const ceilings = ceilingsOf(view, part.ceilings);
  const table = seconds.table();
  const stalls = summarizeStalls(
    table,
    classifySeconds(table, ceilings),
    ceilings,
    durationSeconds,
  );
  const { sources, recorder } = part;
  return {
    view,
    ledger: runLedger(view),
    metrics: {
      ...runMetrics(view, { durationSeconds, sources, recorder }),
      ...stallMetrics(stalls),
    },
    usage: runUsage(view, { ...part.usage, durationSeconds }),
    stalls,
  };
}
