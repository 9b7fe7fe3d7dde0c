import type { ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import { runKv } from "./kv_loop.ts";
import { KvMeter } from "./kv_meter.ts";
import { kvOutcome } from "./kv_outcome.ts";
import type { RequestList } from "./kv_requests.ts";
import { PrefixScheduler, type PrefixSetup } from "./prefix_scheduler.ts";

/** Replays requests over a tree of prefixes and counts. */
export function replayPrefix(
  setup: PrefixSetup,
  requests: RequestList,
  stepSeconds: number,
  context: ReplayContext<"requests">,
): ReplayOutcome {
  const scheduler = new PrefixScheduler(setup, context.onEvent);
  const meter = new KvMeter(context.seriesPoints);
  const { seconds, steps } = runKv(scheduler, requests, stepSeconds, meter);
  const notes = setup.traceBlockTokens === null
    ? ["the trace has no block ids: no prefix can be found again"]
    : [`prefixes are compared in the trace's blocks of ${setup.traceBlockTokens} tokens`];
  return kvOutcome(
    meter,
    {
      poolSlots: setup.slots,
      preemptions: scheduler.preemptions,
      recomputedTokens: scheduler.recomputedTokens,
      prefixHitTokens: scheduler.hitTokens,
      prefixQueryTokens: scheduler.queriedTokens,
      evictedBlocks: Math.ceil(scheduler.tree.evictedTokens / setup.pageTokens),
      seconds,
      steps,
      notes,
    },
    requests,
    context.profiles,
  );
}
