import type { FaultColumns } from "../../model/trace/faults.ts";
import { asyncGoodput } from "../../replay/fault/forms/goodput.ts";
import { dalyInterval } from "../../replay/fault/optimum.ts";
import { policy } from "../../replay/fault/policies/periodic_sync.ts";

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
}

/** Grid of intervals around Daly's: factors of 2^(1/4) from an eighth to eight times. */
const GRID = Array.from({ length: 25 }, (_, i) => 2 ** ((i - 12) / 4));

/** Replays a trace at Daly's interval and around it: how far the exponential assumption misleads. */
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
  const replayed = (interval: number): number => {
    const params = policy.params.parse({ useful, interval, checkpoint, restart });
    const replay = policy.create(params, {
      meta: { nodeCount: null, spanSeconds, nodes: [] },
      profiles: { hardware: null, llm: null, site: null },
      seed: 1,
      seriesPoints: 2,
    });
    replay.feed(columns);
    return Number(replay.finish().metrics.goodput_ratio.value);
  };
  let bestSeconds = daly;
  let bestGoodput = -1;
  for (const factor of GRID) {
    const goodput = replayed(daly * factor);
    if (goodput > bestGoodput) [bestGoodput, bestSeconds] = [goodput, daly * factor];
  }
  return {
    checkpointSeconds: checkpoint,
    restartSeconds: restart,
    dalySeconds: daly,
    promisedGoodput: promised(daly),
    replayedGoodput: replayed(daly),
    bestSeconds,
    bestGoodput,
  };
}
