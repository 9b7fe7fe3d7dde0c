import { createMinHeap, type MinHeap } from "../shared/min_heap.ts";
import type { Arrivals } from "./arrivals.ts";
import type { BuiltEngine } from "./build.ts";
import { chooseInstance, type Router } from "./fleet.ts";
import { createInstance } from "./instance.ts";
import type { Horizon, Instance } from "./instance_types.ts";
import type { InstanceTotals } from "./recorder.ts";
import type { Tally } from "./tally.ts";

/** An instance with the turns that are due on it. */
interface Home {
  readonly instance: Instance;
  readonly due: MinHeap;
  readonly horizon: Horizon;
}

/**
 * Replays sessions closed-loop: a turn arrives when the turn before it was answered and the think time has
 * passed (where no think time is known, at its recorded arrival or the answer, whichever is later). The
 * router places a session at its first turn, and it stays there: so instances do not act on each other but
 * through that choice, and each works through its own turns in order.
 */
export function replayClosedLoop(
  engine: BuiltEngine,
  instances: number,
  router: Router,
  arrivals: Arrivals,
  tally: Tally,
  warmStart: boolean,
): InstanceTotals[] {
  const homes: Home[] = Array.from({ length: instances }, () => ({
    instance: createInstance(engine.config, tally),
    due: createMinHeap(),
    horizon: { seconds: 0 },
  }));
  const { following, first } = turnsOf(arrivals);
  let working: Home | null = null;
  tally.onComplete = (request, at) => {
    const turns = request.session < 0 ? undefined : following.get(request.session);
    const next = turns?.shift();
    if (next === undefined || working === null) return;
    const think = arrivals.thinkSeconds(next);
    const when = Number.isNaN(think) ? Math.max(at, arrivals.at(next).arrivalSeconds) : at + think;
    working.due.push(when, next);
    working.horizon.seconds = Math.min(working.horizon.seconds, when);
  };
  const submit = ({ instance }: Home, index: number, when: number): void => {
    const request = arrivals.at(index);
    tally.counts.submitted++;
    instance.submit(engine.config.reuse ? request : { ...request, ids: null }, when);
  };
  /** Lets an instance work, with the turns that come due on it, until a time. */
  const advance = (home: Home, until: number): void => {
    working = home;
    const { instance, due, horizon } = home;
    for (;;) {
      const when = Math.min(until, due.peekKey());
      horizon.seconds = when;
      instance.advanceTo(horizon);
      // A completion on the way may have brought an earlier turn.
      if (due.peekKey() < when) continue;
      if (due.size === 0 || due.peekKey() > until) break;
      const at = due.peekKey();
      submit(home, due.pop(), at);
    }
    working = null;
  };
  const all = homes.map(({ instance }) => instance);
  if (warmStart && engine.config.reuse) {
    for (let i = 0; i < arrivals.count; i++) {
      const request = arrivals.at(i);
      all[chooseInstance(router, all, request, Math.max(0, request.session))].warm(request);
    }
  }
  let turn = 0;
  for (const index of first) {
    const request = arrivals.at(index);
    const at = request.arrivalSeconds;
    if (router !== "round-robin") { for (const home of homes) advance(home, at); }
    const place = chooseInstance(router, all, request, turn++);
    advance(homes[place], at);
    submit(homes[place], index, at);
  }
  for (const home of homes) advance(home, Infinity);
  tally.onComplete = null;
  return homes.map(({ instance }) => instance.finish());
}

/** First turns in order of arrival, and the later turns of each session. */
function turnsOf(arrivals: Arrivals): { first: number[]; following: Map<number, number[]> } {
  const first: number[] = [];
  const seen = new Set<number>();
  const following = new Map<number, number[]>();
  for (let i = 0; i < arrivals.count; i++) {
    const { session } = arrivals.at(i);
    if (session < 0 || !seen.has(session)) {
      first.push(i);
      seen.add(session);
      continue;
    }
    const turns = following.get(session);
    if (turns === undefined) following.set(session, [i]);
    else turns.push(i);
  }
  return { first, following };
}
