import type { BuiltEngine } from "./build.ts";
import { createInstance, type Horizon, type Instance } from "./instance.ts";
import type { InstanceTotals } from "./recorder.ts";
import type { EngineRequest } from "./request.ts";
import { createMinHeap } from "../shared/min_heap.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Tally } from "./tally.ts";

export type Router = "round-robin" | "least-loaded" | "prefix-aware";

/** Instances behind a router. */
export interface Fleet {
  /** Takes a request that arrives now, open loop; arrivals must not go back in time. */
  submit(request: EngineRequest): void;
  /** Works until nothing is left. */
  drain(): void;
  finish(): InstanceTotals[];
  readonly tally: Tally;
}

/** Makes idle instances. */
export function createFleet(
  engine: BuiltEngine,
  instances: number,
  router: Router,
  tally: Tally,
): Fleet {
  const all = Array.from({ length: instances }, () => createInstance(engine.config, tally));
  const horizon: Horizon = { seconds: 0 };
  let turn = 0;
  const advance = (instance: Instance, seconds: number): void => {
    horizon.seconds = seconds;
    instance.advanceTo(horizon);
  };
  /** Instances share nothing, so only those that the choice looks at must have caught up. */
  const choose = (request: EngineRequest): Instance => {
    if (router === "round-robin" || all.length === 1) {
      const instance = all[turn++ % all.length];
      advance(instance, request.arrivalSeconds);
      return instance;
    }
    for (const instance of all) advance(instance, request.arrivalSeconds);
    let best = all[0];
    let most = -1;
    for (const instance of all) {
      const matching = router === "prefix-aware" ? instance.matchingBlocks(request) : 0;
      if (matching > most || (matching === most && instance.load < best.load)) {
        best = instance;
        most = matching;
      }
    }
    return best;
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
    drain() {
      for (const instance of all) advance(instance, Infinity);
    },
    finish: () => all.map((instance) => instance.finish()),
  };
}

/**
 * Replays sessions closed-loop: a turn arrives when the turn before it was answered and the think time has
 * passed (where no think time is known, at its recorded arrival or the answer, whichever is later). A
 * session stays on its instance; sessions are dealt out in turn.
 */
export function replayClosedLoop(
  engine: BuiltEngine,
  instances: number,
  arrivals: Arrivals,
  tally: Tally,
): InstanceTotals[] {
  const home = new Map<number, number>();
  const following = new Map<number, number[]>();
  const first: number[][] = Array.from({ length: instances }, () => []);
  let dealt = 0;
  for (let i = 0; i < arrivals.count; i++) {
    const { session } = arrivals.at(i);
    if (session >= 0 && home.has(session)) {
      const turns = following.get(session);
      if (turns === undefined) following.set(session, [i]);
      else turns.push(i);
      continue;
    }
    const place = dealt++ % instances;
    if (session >= 0) home.set(session, place);
    first[place].push(i);
  }
  return first.map((starts) => {
    const instance = createInstance(engine.config, tally);
    const due = createMinHeap();
    const horizon: Horizon = { seconds: 0 };
    for (const i of starts) due.push(arrivals.at(i).arrivalSeconds, i);
    tally.onComplete = (request, at) => {
      const turns = request.session < 0 ? undefined : following.get(request.session);
      const next = turns?.shift();
      if (next === undefined) return;
      const think = arrivals.thinkSeconds(next);
      const when = Number.isNaN(think)
        ? Math.max(at, arrivals.at(next).arrivalSeconds)
        : at + think;
      due.push(when, next);
      horizon.seconds = Math.min(horizon.seconds, when);
    };
    for (;;) {
      const when = due.peekKey();
      horizon.seconds = when;
      instance.advanceTo(horizon);
      // A completion on the way may have brought an earlier arrival.
      if (due.peekKey() < when) continue;
      if (due.size === 0) break;
      const request = arrivals.at(due.pop());
      tally.counts.submitted++;
      instance.submit(engine.config.reuse ? request : { ...request, ids: null }, when);
    }
    tally.onComplete = null;
    return instance.finish();
  });
}
