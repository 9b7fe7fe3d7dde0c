import type { z } from "zod";
import type { Policy, ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import { runKv } from "./kv_loop.ts";
import { KvMeter } from "./kv_meter.ts";
import { kvOutcome } from "./kv_outcome.ts";
import { kvParams, maxRunningParam } from "./kv_params.ts";
import { poolSlots } from "./kv_pool.ts";
import { RequestList } from "./kv_requests.ts";
import { PrefixScheduler, type PrefixSetup } from "./prefix_scheduler.ts";

/** Parameters of every policy over a tree of prefixes. */
export const prefixParams = { ...kvParams, ...maxRunningParam };

export interface PrefixParams {
  readonly slots: number | null;
  readonly stepSeconds: number;
  readonly maxRunning: number;
}

/** What one engine adds to the common replay. */
export interface PrefixPolicySpec<P extends PrefixParams> {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  readonly limits: string;
  readonly params: z.ZodType<P>;
  setup(params: P): Omit<PrefixSetup, "slots" | "traceBlockTokens" | "maxRunning">;
}

/** A policy that keeps prefixes of requests in a tree. */
export function prefixPolicy<P extends PrefixParams>(
  { setup, ...described }: PrefixPolicySpec<P>,
): Policy<"requests", P> {
  return {
    ...described,
    family: "allocator",
    accepts: ["requests"],
    create(params, context) {
      const requests = new RequestList(true);
      return {
        feed: (columns) => requests.feed(columns),
        finish: () => {
          const whole: PrefixSetup = {
            ...setup(params),
            slots: poolSlots(params.slots, context.profiles),
            traceBlockTokens: context.meta.blockTokens,
            maxRunning: params.maxRunning,
          };
          return replay(whole, requests, params.stepSeconds, context);
        },
      };
    },
  };
}

function replay(
  setup: PrefixSetup,
  requests: RequestList,
  stepSeconds: number,
  context: ReplayContext<"requests">,
): ReplayOutcome {
  const scheduler = new PrefixScheduler(setup, context.onEvent);
  const meter = new KvMeter(context.seriesPoints);
  const { seconds, steps } = runKv(scheduler, requests, stepSeconds, meter);
  const unit = scheduler.keys.unitTokens;
  const notes = unit === null
    ? ["the trace has no block ids: no prefix can be found again"]
    : unit === setup.traceBlockTokens
    ? [`prefixes are compared in the trace's blocks of ${unit} tokens`]
    : [
      `prefixes are compared in runs of ${unit} tokens: whole blocks of the trace ` +
      `(${setup.traceBlockTokens}) and whole pages (${setup.pageTokens})`,
    ];
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
