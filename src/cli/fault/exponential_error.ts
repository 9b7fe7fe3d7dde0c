import type { FaultColumns } from "../../model/trace/faults.ts";
import { replayFaults, type Timeline } from "../../replay/fault/engine.ts";
import { asyncGoodput } from "../../replay/fault/forms/goodput.ts";
import { dalyInterval } from "../../replay/fault/optimum.ts";
import { REPLACED_AT_ONCE } from "../../replay/fault/plan.ts";
import { phaseWindows } from "../../replay/fault/spans.ts";
import { faultColumns, generateFaults } from "../../stats/failure_process.ts";

/** What Daly's interval promises and what it gives on a real trace. */
export interface ExponentialError {
  readonly checkpointSeconds: number;
  readonly restartSeconds: number;
  readonly dalySeconds: number;
  /** Goodput that F5 promises at that interval for exponential failures of this rate. */
  readonly promisedGoodput: number;
  /** Goodput of the replay of the trace at that interval. */
  readonly replayedGoodput: number;
  /** The interval of a grid that is best on this trace, and its goodput. */
  readonly bestSeconds: number;
  readonly bestGoodput: number;
  /** Least useful share of any week at Daly's interval: on the trace, and for exponential failures. */
  readonly worstWeekGoodput: number | null;
  readonly exponentialWorstWeekGoodput: number | null;
}

/** Grid of intervals around Daly's: factors of 2^(1/4) from an eighth to eight times. */
const GRID = Array.from({ length: 25 }, (_, i) => 2 ** ((i - 12) / 4));

/** Seeds of the exponential law that the worst week is compared with. */
const SEEDS = 20;
const WEEK = 7 * 86_400;

/** A job that fills the observation, checkpointing at an interval; simultaneous failures are one. */
function replayAt(
  columns: FaultColumns,
  spanSeconds: number,
  useful: number,
  interval: number,
  checkpoint: number,
  restart: number,
  keepSpans: boolean,
): Timeline {
  return replayFaults(
    {
      usefulSeconds: useful,
      iterationSeconds: 0,
      restartImmune: true,
      horizonSeconds: spanSeconds,
      keepSpans,
    },
    {
      ...REPLACED_AT_ONCE,
      schedule: {
        segmentSeconds: interval,
        blockSeconds: 0,
        remoteEvery: 1,
        remoteBlockSeconds: checkpoint,
        persistSeconds: 0,
        finalSave: true,
      },
      recover: () => ({
        restore: "remote",
        detect: 0,
        diagnose: 0,
        waitNode: 0,
        restart,
        load: 0,
        reconfig: 0,
        idledGpus: 0,
      }),
    },
    {
      count: columns.count,
      seconds: columns.startSeconds,
      kind: columns.faultKind,
      node: columns.node,
      downSeconds: columns.downSeconds,
    },
  );
}

function goodputOf(t: Timeline): number {
  return t.wallSeconds > 0 ? t.phases.useful / t.wallSeconds : 1;
}

/** Least useful share of a whole week; null for a run that is shorter than two. */
function worstWeek(t: Timeline): number | null {
  const weeks = Math.floor(t.wallSeconds / WEEK);
  if (weeks < 2) return null;
  const shares = phaseWindows(t.spans, weeks * WEEK, weeks).map((w) => (w.useful ?? 0) / WEEK);
  return Math.min(...shares);
}

/**
 * Replays a trace at Daly's interval and around it: how far the exponential assumption misleads on average,
 * in the choice of the interval, and in the worst week.
 */
export function exponentialError(
  columns: FaultColumns,
  spanSeconds: number,
  checkpoint: number,
  restart: number,
): ExponentialError {
  const mtbf = spanSeconds / columns.count;
  const daly = dalyInterval(checkpoint, mtbf);
  const promised = (interval: number): number =>
    asyncGoodput({ interval, block: checkpoint, persist: 0, restart, mtbf });
  // As much work as fits the observation, so that every failure of it counts.
  const useful = spanSeconds * promised(daly);
  const replayed = (interval: number, on = columns, keepSpans = true): Timeline =>
    replayAt(on, spanSeconds, useful, interval, checkpoint, restart, keepSpans);
  let bestSeconds = daly;
  let bestGoodput = -1;
  for (const factor of GRID) {
    const goodput = goodputOf(replayed(daly * factor, columns, false));
    if (goodput > bestGoodput) [bestGoodput, bestSeconds] = [goodput, daly * factor];
  }
  const atDaly = replayed(daly);
  const exponential = Array.from({ length: SEEDS }, (_, i) =>
    worstWeek(replayed(
      daly,
      faultColumns(generateFaults({
        seed: i + 1,
        nodes: 1,
        spanSeconds,
        mtbfSeconds: mtbf,
        shape: 1,
        meanDownSeconds: 60,
      })),
    ))).filter((share) => share !== null);
  return {
    checkpointSeconds: checkpoint,
    restartSeconds: restart,
    dalySeconds: daly,
    promisedGoodput: promised(daly),
    replayedGoodput: goodputOf(atDaly),
    bestSeconds,
    bestGoodput,
    worstWeekGoodput: worstWeek(atDaly),
    exponentialWorstWeekGoodput: exponential.length === 0
      ? null
      : exponential.reduce((sum, share) => sum + share, 0) / exponential.length,
  };
}
