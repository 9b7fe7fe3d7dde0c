import type { BuiltEngine } from "./build.ts";
import { createInstance } from "./instance.ts";
import type { Horizon, Instance } from "./instance_types.ts";
import type { InstanceTotals } from "./recorder.ts";
import type { EngineRequest } from "./request.ts";
import type { Tally } from "./tally.ts";

export type Router = "round-robin" | "least-loaded" | "prefix-aware";

/** Instances behind a router. */
export interface Fleet {
  /** Takes a request that arrives now, open loop; arrivals must not go back in time. */
  submit(request: EngineRequest): void;
  /** Places a request's blocks as an earlier pass would have left them, before anything arrives. */
  warm(request: EngineRequest): void;
  /** Works until nothing is left. */
  drain(): void;
  finish(): InstanceTotals[];
  readonly tally: Tally;
}

/**
 * Index of the instance a request goes to; `turn` counts requests. Least-loaded takes the fewest requests
 * waiting or running; prefix-aware the longest prefix found, and of equal ones the least loaded.
 */
export function chooseInstance(
  router: Router,
  instances: readonly Instance[],
  request: EngineRequest,
  turn: number,
): number {
  if (router === "round-robin" || instances.length === 1) return turn % instances.length;
  let best = 0;
  let most = -1;
  for (let i = 0; i < instances.length; i++) {
    const matching = router === "prefix-aware" ? instances[i].matchingBlocks(request) : 0;
    if (matching > most || (matching === most && instances[i].load < instances[best].load)) {
      best = i;
      most = matching;
    }
  }
  return best;
}

/** Makes idle instances, each of which prefills and decodes. */
export function createFleet(
  engine: BuiltEngine,
  instances: number,
  router: Router,
  tally: Tally,
): Fleet {
  const all = Array.from({ length: instances }, () => createInstance(engine.config, tally));
  const horizon: Horizon = { seconds: 0 };
  let turn = 0;
  let warmed = 0;
  const advance = (instance: Instance, seconds: number): void => {
    horizon.seconds = seconds;
    instance.advanceTo(horizon);
  };
  /** Instances share nothing, so only those that the choice looks at must have caught up. */
  const choose = (request: EngineRequest): Instance => {
    if (router !== "round-robin") {
      for (const instance of all) advance(instance, request.arrivalSeconds);
    }
    const chosen = all[chooseInstance(router, all, request, turn++)];
    advance(chosen, request.arrivalSeconds);
    return chosen;
  };
  return {
    tally,
    submit(request) {
      tally.counts.submitted++;
      choose(request).submit(
        engine.config.reuse ? request : { ...request, ids: null },
        request.arrivalSeconds,
      );
    },
    warm(request) {
      if (engine.config.reuse) all[chooseInstance(router, all, request, warmed++)].warm(request);
    },
    drain() {
      for (const instance of all) advance(instance, Infinity);
    },
    finish: () => all.map((instance) => instance.finish()),
  };
}
