import type { Replay, ReplayContext } from "../../model/policy.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { type Arrivals, orderArrivals, requestOf } from "./arrivals.ts";
import { buildEngine, type BuiltEngine, type StrategyOf } from "./build.ts";
import type { EngineParams, TieredParams } from "./engine_params.ts";
import { createFleet, type Fleet, replayClosedLoop } from "./fleet.ts";
import type { Side } from "./machine.ts";
import { outcomeOf, type SideResult } from "./outcome.ts";
import { createTally } from "./tally.ts";

/** Ids for decoded blocks when the trace is streamed and their number is not known beforehand. */
const STREAMED_DECODED_BLOCKS = 1 << 20;

/**
 * The replay of a serving policy: the engine once at the middle of every coefficient, and with
 * `intervals` also at both ends, for low and high of the latencies.
 */
export function createServingReplay(
  params: EngineParams & Partial<TieredParams>,
  context: ReplayContext<"requests">,
  strategyOf: StrategyOf,
): Replay<"requests"> {
  const sides: Side[] = params.intervals ? ["mid", "low", "high"] : ["mid"];
  const tallyOf = () =>
    createTally({
      warmup: params.warmupRequests,
      sloTtft: params.sloTtft,
      sloTpot: params.sloTpot,
    });
  const build = (side: Side, decoded: number): BuiltEngine =>
    buildEngine(context, params, strategyOf, side, decoded);
  // Fails early on missing profiles and parameters that do not fit.
  build("mid", 1);
  const streams = context.meta.arrivalSorted === true && !params.closedLoop;
  const fleets = streams
    ? sides.map((side) => {
      const engine = build(side, STREAMED_DECODED_BLOCKS);
      return {
        side,
        engine,
        fleet: createFleet(engine, params.instances, params.router, tallyOf()),
      };
    })
    : null;
  const buffered: RequestColumns[] = [];
  let index = 0;

  const replayBuffered = (side: Side, arrivals: Arrivals, decoded: number): SideResult => {
    const engine = build(side, decoded);
    const tally = tallyOf();
    if (params.closedLoop) {
      const totals = replayClosedLoop(engine, params.instances, arrivals, tally);
      return { side, engine, tally, totals };
    }
    const fleet = createFleet(engine, params.instances, params.router, tally);
    for (let i = 0; i < arrivals.count; i++) fleet.submit(arrivals.at(i));
    return drained(side, engine, fleet);
  };
  return {
    feed(columns) {
      if (fleets === null) {
        buffered.push(columns);
        return;
      }
      for (let row = 0; row < columns.count; row++) {
        const request = requestOf(columns, row, index++);
        for (const { fleet } of fleets) fleet.submit(request);
      }
    },
    finish() {
      if (fleets !== null) {
        const results = fleets.map(({ side, engine, fleet }) => drained(side, engine, fleet));
        return outcomeOf(results, params, context);
      }
      const arrivals = orderArrivals(buffered);
      const decoded = decodedBlocks(buffered, build("mid", 1).blockTokens);
      const results = sides.map((side) => replayBuffered(side, arrivals, decoded));
      return outcomeOf(results, params, context);
    },
  };
}

function drained(side: Side, engine: BuiltEngine, fleet: Fleet): SideResult {
  fleet.drain();
  return { side, engine, tally: fleet.tally, totals: fleet.finish() };
}

/** Most blocks that decoding can leave behind. */
function decodedBlocks(batches: readonly RequestColumns[], blockTokens: number): number {
  let blocks = 1;
  for (const { count, outputTokens } of batches) {
    for (let i = 0; i < count; i++) blocks += Math.ceil(outputTokens[i] / blockTokens) + 1;
  }
  return blocks;
}
