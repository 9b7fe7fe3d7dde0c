import { z } from "zod";
import { counted } from "../../../model/plural.ts";
import type { Policy, Replay, ReplayContext } from "../../../model/policy.ts";
import { divideSlack, type KvEngine, runKv } from "../kv_loop.ts";
import { KvMeter } from "../kv_meter.ts";
import { kvOutcome } from "../kv_outcome.ts";
import { kvParams, maxRunningParam } from "../kv_params.ts";
import { poolSlots } from "../kv_pool.ts";
import { RequestList } from "../kv_requests.ts";
import { PagedScheduler } from "../paged_scheduler.ts";
import { PrefixHashes } from "../prefix_hashes.ts";

const params = z.strictObject({
  ...kvParams,
  ...maxRunningParam,
  blockTokens: z.number().int().positive().default(16)
    .describe("tokens of a block; with prefix caching the trace's own block size is taken"),
  prefixCache: z.boolean().default(false).describe("reuse blocks of equal prefixes"),
  watermark: z.number().min(0).max(0.9).default(0)
    .describe("share of the blocks kept free when admitting beside running requests"),
  tokenBudget: z.number().int().positive().default(8192).describe("tokens computed in one step"),
  lookaheadTokens: z.number().int().nonnegative().default(0)
    .describe("slots given beyond the tokens of a step, for speculative decoding"),
  maxModelTokens: z.number().int().min(2).nullable().default(null)
    .describe(
      "longest context: generation ends there, a prompt as long is rejected; null: no limit",
    ),
  wholeSequence: z.boolean().default(false)
    .describe("admit only when all known tokens of a request fit, not just the first chunk"),
  freeOrder: z.enum(["split", "append"]).default("split")
    .describe("split: vLLM 0.24 and later; append: older"),
});

type Params = z.infer<typeof params>;

function create(p: Params, context: ReplayContext<"requests">): Replay<"requests"> {
  const requests = new RequestList(p.prefixCache);
  return {
    feed: (columns) => requests.feed(columns),
    finish() {
      const slots = poolSlots(p.slots, context.profiles);
      const notes: string[] = [];
      const traceBlock = context.meta.blockTokens;
      const caching = p.prefixCache && traceBlock !== null;
      if (p.prefixCache && !caching) {
        notes.push("the trace has no block ids: no prefix can be found again");
      }
      const blockTokens = caching ? traceBlock : p.blockTokens;
      const cut = p.maxModelTokens === null ? 0 : requests.endAt(p.maxModelTokens);
      if (cut > 0) {
        notes.push(`${counted(cut, "request")} cut short at maxModelTokens=${p.maxModelTokens}`);
      }
      const meter = new KvMeter(context.seriesPoints);
      const scheduler = new PagedScheduler({
        // One block more: the null block is never given out.
        blocks: Math.max(1, Math.floor(slots / blockTokens)) + 1,
        blockTokens,
        caching,
        freeOrder: p.freeOrder,
        watermark: p.watermark,
        tokenBudget: p.tokenBudget,
        maxRunning: p.maxRunning,
        lookaheadTokens: p.lookaheadTokens,
        maxModelTokens: p.maxModelTokens ?? Infinity,
        wholeSequence: p.wholeSequence,
      });
      const engine = engineOf(scheduler, caching ? blockTokens : null, context.onEvent);
      const { seconds, steps } = runKv(engine, requests, p.stepSeconds, meter);
      return kvOutcome(
        meter,
        {
          poolSlots: slots,
          preemptions: scheduler.preemptionCount,
          recomputedTokens: scheduler.recomputedTokens,
          prefixHitTokens: caching ? scheduler.hitTokens : null,
          prefixQueryTokens: caching ? scheduler.queriedTokens : null,
          evictedBlocks: caching ? scheduler.manager.evictions : null,
          seconds,
          steps,
          notes,
        },
        requests,
        context.profiles,
      );
    },
  };
}

/** The scheduler as an engine; steps are told where somebody listens. */
function engineOf(
  scheduler: PagedScheduler,
  hashTokens: number | null,
  onEvent: ReplayContext<"requests">["onEvent"],
): KvEngine {
  const prefixes = new PrefixHashes();
  const { manager, running, waiting } = scheduler;
  let steps = 0;
  return {
    get pending() {
      return running.length + waiting.length;
    },
    fits: (prompt, output) => scheduler.fits(prompt, output),
    add(index, prompt, output, blocks) {
      const hashes = hashTokens === null || blocks === null
        ? []
        : prefixes.of(blocks, prompt, prompt + output, hashTokens);
      scheduler.add(index, prompt, output, hashes);
    },
    step() {
      const result = scheduler.step();
      steps++;
      onEvent?.({
        step: steps,
        scheduled: result.scheduled.map(([id, tokens]) => `${id}:${tokens}`),
        preempted: [...result.preempted],
        finished: result.finished.map((r) => r.id),
        used: manager.usedBlocks,
        free: manager.freeBlocks,
        tables: Object.fromEntries(running.map((r) => [String(r.id), [...r.table]])),
        queue: manager.queue().map((q) => `${q.block}${q.hashed ? "h" : ""}`),
        preemptions: scheduler.preemptionCount,
        recomputed_tokens: scheduler.recomputedTokens,
        prefix_hit_tokens: scheduler.hitTokens,
        evictions: manager.evictions,
      });
    },
    moment() {
      // Shared blocks hold their tokens once, whoever uses them: only the last block of each may be partial.
      let slack = 0;
      let reserved = 0;
      for (const r of running) {
        const own = r.table.length * manager.setup.blockTokens - r.computed;
        slack += own;
        reserved += divideSlack(own, r.promptTokens + r.outputTokens - r.computed).reserved;
      }
      const held = manager.usedBlocks * manager.setup.blockTokens;
      return {
        token: held - slack,
        reserved,
        internal: slack - reserved,
        held,
        batch: running.length,
      };
    },
  };
}

export const policy: Policy<"requests", Params> = {
  name: "paged",
  family: "allocator",
  summary: "KV in small blocks, given when needed, preempted by recomputation (vLLM V1)",
  reference: "Kwon et al., SOSP 23; vLLM V1 KVCacheManager and FCFS scheduler",
  accepts: ["requests"],
  params,
  create,
};
