import type { Figure } from "../../model/figure.ts";
import type { Json } from "../../model/json.ts";
import { counted } from "../../model/plural.ts";
import type { ReplayContext, ReplayOutcome, Series } from "../../model/policy.ts";
import { formatSeconds } from "../../model/units.ts";
import { breakEvenTable } from "./break_even_table.ts";
import type { BuiltEngine } from "./build.ts";
import { assertConserved } from "./conservation.ts";
import type { EngineParams } from "./engine_params.ts";
import type { Side } from "./machine.ts";
import { metricsOf, withEnds } from "./outcome_metrics.ts";
import { sumTotals, type Totals } from "./outcome_totals.ts";
import { usageOf } from "./outcome_usage.ts";
import type { QuantileSketch } from "./quantiles.ts";
import type { InstanceTotals } from "./recorder.ts";
import type { Tally } from "./tally.ts";

/** A whole replay at one end of the coefficients' intervals. */
export interface SideResult {
  readonly side: Side;
  readonly engine: BuiltEngine;
  readonly tally: Tally;
  readonly totals: readonly InstanceTotals[];
}

const OPEN_LOOP =
  "The trace has think times, and its turns are replayed at their recorded times: --closed-loop makes " +
  "each wait for the answer before it.";

/** An open-loop replay that ends so much later than its last arrival was overloaded. */
const BEHIND_SHARE = 0.1;
const BEHIND_SECONDS = 60;

/** Points of the distribution of the time to first token. */
const CDF_POINTS = 100;

/** Metrics, usage, pictures and notes of a serving replay; checks that everything adds up. */
export function outcomeOf(
  results: readonly SideResult[],
  params: EngineParams,
  context: ReplayContext<"requests">,
  hasThinkTimes: boolean,
): ReplayOutcome {
  for (const result of results) assertConserved(result);
  const [mid, ...ends] = results;
  const totals = sumTotals(mid);
  return {
    metrics: withEnds(
      metricsOf(mid, totals, params),
      ends.map((end) => metricsOf(end, sumTotals(end), params)),
    ),
    usage: usageOf(mid, totals, params, context),
    series: [distribution(mid.tally.ttft)],
    figures: figuresOf(totals),
    detail: {
      gpuBlocks: mid.engine.config.gpuBlocks,
      blockTokens: mid.engine.blockTokens,
      gpusPerInstance: mid.engine.machine.gpus,
      tensorParallel: mid.engine.machine.tensorParallel,
      pipelineStages: mid.engine.machine.stages,
      storedBytesPerBlock: mid.engine.storedBytesPerBlock,
      tierCapacityBlocks: Object.fromEntries(
        mid.engine.config.tiers.map((tier) => [tier.name, tier.capacityBlocks]),
      ),
      iterations: totals.iterations,
      links: totals.links as unknown as Json,
      behindSeconds: behindSeconds(mid, totals, params),
      quantileError: mid.tally.ttft.relativeError,
      lookups: {
        listedBlocks: mid.tally.counts.listedBlocks,
        gpuHitBlocks: mid.tally.counts.gpuHitBlocks,
        missedBlocks: mid.tally.counts.missedBlocks,
      },
      breakEven: breakEvenTable(mid.engine, params, context),
    },
    notes: [
      ...(hasThinkTimes && !params.closedLoop ? [OPEN_LOOP] : []),
      ...notesOf(mid, totals, params, context),
    ],
  };
}

/** Time to first token over the share of requests that had it by then. */
function distribution(sketch: QuantileSketch): Series {
  const x: number[] = [];
  const y: (number | null)[] = [];
  for (let i = 0; i <= CDF_POINTS; i++) {
    x.push(i);
    y.push(sketch.quantile(i / CDF_POINTS));
  }
  return {
    id: "ttft_seconds_by_percent_of_requests",
    title: "time to first token, by percent of the requests",
    xUnit: "percent",
    unit: "seconds",
    x,
    y,
  };
}

function figuresOf(totals: Totals): Figure[] {
  const rows = totals.links.filter((link) => link.bytes > 0).map((link) => ({
    label: link.name,
    value: link.bytes,
  }));
  if (rows.length === 0) return [];
  return [{
    chart: "bars",
    title: "Bytes over each link",
    rows,
    options: { xTitle: "bytes", unit: "bytes" },
  }];
}

/** How long after the last arrival an overloaded replay ended; null when it kept up. */
function behindSeconds(
  { tally }: SideResult,
  totals: Totals,
  params: EngineParams,
): number | null {
  const { lastArrivalSeconds } = tally.counts;
  const behind = totals.wallSeconds - lastArrivalSeconds;
  const most = Math.max(BEHIND_SECONDS, BEHIND_SHARE * lastArrivalSeconds);
  return !params.closedLoop && behind > most ? behind : null;
}

function notesOf(
  mid: SideResult,
  totals: Totals,
  params: EngineParams,
  context: ReplayContext<"requests">,
): string[] {
  const { tally, engine } = mid;
  const notes = [...engine.strategy.notes ?? []];
  const { llm } = engine.config;
  if (
    llm.slidingWindow !== null && params.gpuBlocks === null && engine.strategy.context === undefined
  ) {
    notes.push(
      `${llm.slidingWindow.layers} of ${llm.layers} layers have a window of ` +
        `${llm.slidingWindow.tokens} tokens: GPU blocks are sized as if they kept everything (an engine ` +
        "without a hybrid cache); give --gpu-blocks as the engine prints them.",
    );
  }
  if (params.decodeInstances > 0) {
    notes.push("Blocks made by decoding stay on the decode instances and are not reused.");
  }
  if (totals.unkeptBlocks > 0) {
    notes.push(
      `${totals.unkeptBlocks} answers left blocks that were not kept, because the ids for blocks made by ` +
        "decoding had run out.",
    );
  }
  if (context.meta.uniqueBlocks === null) {
    notes.push(
      "The trace has no block ids, so no reuse can be replayed: every prompt is computed.",
    );
  }
  const behind = behindSeconds(mid, totals, params);
  if (behind !== null) {
    notes.push(
      `Overload: the last answer came ${
        formatSeconds(behind)
      } after the last request, so the machine ` +
        "cannot keep up with this trace and times to first token are mostly waiting in the queue.",
    );
  }
  if (tally.counts.rejected > 0) {
    notes.push(
      `${tally.counts.rejected} requests need more than the ${engine.config.gpuBlocks} blocks of an ` +
        "instance and were refused.",
    );
  }
  if (totals.preemptions > 0) {
    notes.push(
      `${counted(totals.preemptions, "preemption")} for want of GPU blocks recomputed ` +
        `${counted(tally.counts.recomputedTokens, "token")}.`,
    );
  }
  return notes;
}
