import { usageError } from "../../model/errors.ts";
import type { Replay, ReplayContext } from "../../model/policy.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import type { RequestOrder } from "../../model/eviction.ts";
import { createRequestOrder } from "../shared/request_order.ts";
import { type Arrivals, orderArrivals, requestOf } from "./arrivals.ts";
import { buildEngine, type BuiltEngine, type StrategyOf } from "./build.ts";
import { replayClosedLoop } from "./closed_loop.ts";
import type { EngineParams, TieredParams } from "./engine_params.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { kvLinkBytesPerToken, type Side, sideOf } from "./machine.ts";
import { outcomeOf, type SideResult } from "./outcome.ts";
import { sidesOf } from "./side_parts.ts";
import { createSplitFleet } from "./split_fleet.ts";
import { createTally, type Tally } from "./tally.ts";

/** Ids for decoded blocks when the trace is streamed and their number is not known beforehand. */
const STREAMED_DECODED_BLOCKS = 1 << 20;

type Params = EngineParams & Partial<TieredParams>;

/**
 * The replay of a serving policy: the engine once at the middle of every coefficient, and with
 * `intervals` also at both ends, for low and high of the latencies. A trace in order of arrival is replayed
 * as it comes, in memory that does not grow with it; any other is held and put in order first.
 */
export function createServingReplay(
  params: Params,
  context: ReplayContext<"requests">,
  strategyOf: StrategyOf,
): Replay<"requests"> {
  const sides = sidesOf(params).filter((side) => (context.part ?? side) === side);
  const build = (side: Side, decoded: number, requests?: RequestOrder): BuiltEngine =>
    buildEngine(context, params, strategyOf, side, decoded, requests);
  if (params.closedLoop && params.decodeInstances > 0) {
    throw usageError(
      "--closed-loop: instances that only decode are replayed open-loop",
      "leave out either --closed-loop or decodeInstances",
    );
  }
  // Fails early on missing profiles and parameters that do not fit.
  const { eviction, tiers } = build("mid", 1).config;
  // What must know the requests to come needs all of them first.
  const foresees = eviction.clairvoyant === true && tiers.length > 0;
  const streams = context.meta.arrivalSorted === true && !params.closedLoop && !params.warmStart &&
    !foresees;
  const running = streams
    ? sides.map((side) => {
      const engine = build(side, STREAMED_DECODED_BLOCKS);
      return { side, engine, fleet: fleetOf(engine, side, params, context) };
    })
    : null;
  const buffered: RequestColumns[] = [];
  let index = 0;
  let thinks = false;

  const replayBuffered = (
    side: Side,
    arrivals: Arrivals,
    decoded: number,
    requests?: RequestOrder,
  ): SideResult => {
    const engine = build(side, decoded, requests);
    if (params.closedLoop) {
      const tally = tallyOf(engine, side, params, context);
      const { instances, router } = params;
      const totals = replayClosedLoop(engine, instances, router, arrivals, tally, params.warmStart);
      return { side, engine, tally, totals };
    }
    const fleet = fleetOf(engine, side, params, context);
    if (params.warmStart) { for (let i = 0; i < arrivals.count; i++) fleet.warm(arrivals.at(i)); }
    for (let i = 0; i < arrivals.count; i++) fleet.submit(arrivals.at(i));
    return drained(side, engine, fleet);
  };
  return {
    feed(columns) {
      thinks ||= columns.thinkNs.some((think) => !Number.isNaN(think));
      if (running === null) {
        buffered.push(columns);
        return;
      }
      for (let row = 0; row < columns.count; row++) {
        const request = requestOf(columns, row, index++);
        for (const { fleet } of running) fleet.submit(request);
      }
    },
    finish() {
      if (running !== null) {
        const results = running.map(({ side, engine, fleet }) => drained(side, engine, fleet));
        return outcomeOf(results, params, context, thinks);
      }
      const arrivals = orderArrivals(buffered);
      const decoded = decodedBlocks(buffered, build("mid", 1).blockTokens);
      const requests = foresees
        ? createRequestOrder(arrivals, context.meta.uniqueBlocks!)
        : undefined;
      const results = sides.map((side) => replayBuffered(side, arrivals, decoded, requests));
      return outcomeOf(results, params, context, thinks);
    },
  };
}

function tallyOf(
  engine: BuiltEngine,
  side: Side,
  params: Params,
  context: ReplayContext<"requests">,
): Tally {
  return createTally({
    warmup: params.warmupRequests,
    sloTtft: params.sloTtft,
    sloTpot: params.sloTpot,
    tiers: engine.config.tiers.length,
    onRequest: side === "mid" ? context.onRequest : undefined,
  });
}

function fleetOf(
  engine: BuiltEngine,
  side: Side,
  params: Params,
  context: ReplayContext<"requests">,
): Fleet {
  const tally = tallyOf(engine, side, params, context);
  const { instances, decodeInstances, router } = params;
  if (decodeInstances === 0) return createFleet(engine, instances, router, tally);
  const hardware = context.profiles.hardware!;
  const { nic, baseLatencySeconds } = hardware.links;
  if (nic === undefined) {
    throw usageError(
      `--set decodeInstances: the hardware profile "${hardware.name}" has no links.nic to send KV over`,
      "add it to the profile",
    );
  }
  return createSplitFleet(engine, instances, decodeInstances, router, tally, {
    bytesPerSecond: sideOf(nic, side),
    latencySeconds: sideOf(baseLatencySeconds, side),
    bytesPerToken: kvLinkBytesPerToken(engine.config.llm, engine.machine),
    layerwise: engine.config.layerwise,
    layers: engine.config.llm.layers,
  });
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
