import { z } from "zod";
import type { Policy, Replay, ReplayContext } from "../../../model/policy.ts";
import { KvMeter } from "../kv_meter.ts";
import { kvOutcome } from "../kv_outcome.ts";
import { slotsFromProfiles } from "../kv_pool.ts";
import { RequestList } from "../kv_requests.ts";
import { PagedScheduler } from "../paged_scheduler.ts";
import { PrefixHashes } from "../prefix_hashes.ts";

const params = z.strictObject({
  slots: z.number().int().positive().nullable().default(null)
    .describe("KV slots (tokens) of the pool; from --hardware and --llm, else 65536"),
  blockTokens: z.number().int().positive().default(16)
    .describe("tokens of a block; with prefix caching the trace's own block size is taken"),
  prefixCache: z.boolean().default(false).describe("reuse blocks of equal prefixes"),
  watermark: z.number().min(0).max(0.9).default(0)
    .describe("share of the blocks kept free when admitting beside running requests"),
  tokenBudget: z.number().int().positive().default(8192).describe("tokens computed in one step"),
  maxRunning: z.number().int().positive().default(256).describe("most requests running at once"),
  freeOrder: z.enum(["split", "append"]).default("split")
    .describe("split: vLLM 0.24 and later; append: older"),
  stepSeconds: z.number().positive().default(0.03)
    .describe("time of one iteration; places arrivals between steps"),
});

type Params = z.infer<typeof params>;

const DEFAULT_SLOTS = 65_536;

function create(p: Params, context: ReplayContext<"requests">): Replay<"requests"> {
  const requests = new RequestList();
  return {
    feed: (columns) => requests.feed(columns),
    finish() {
      const slots = p.slots ?? slotsFromProfiles(context.profiles) ?? DEFAULT_SLOTS;
      const notes: string[] = [];
      const traceBlock = context.meta.blockTokens;
      const caching = p.prefixCache && traceBlock !== null;
      if (p.prefixCache && !caching) {
        notes.push("the trace has no block ids: no prefix can be found again");
      }
      const blockTokens = caching ? traceBlock : p.blockTokens;
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
      });
      const { rejected, seconds } = run(
        p,
        requests,
        scheduler,
        caching ? blockTokens : null,
        meter,
      );
      return kvOutcome(
        meter,
        {
          poolSlots: slots,
          rejected,
          preemptions: scheduler.preemptionCount,
          recomputedTokens: scheduler.recomputedTokens,
          prefixHitTokens: caching ? scheduler.hitTokens : null,
          seconds,
          notes,
        },
        requests,
        context.profiles,
      );
    },
  };
}

function run(
  p: Params,
  requests: RequestList,
  scheduler: PagedScheduler,
  hashTokens: number | null,
  meter: KvMeter,
) {
  const prefixes = new PrefixHashes();
  let next = 0;
  let rejected = 0;
  let seconds = 0;
  while (next < requests.count || scheduler.running.length + scheduler.waiting.length > 0) {
    if (scheduler.running.length + scheduler.waiting.length === 0) {
      seconds = Math.max(seconds, requests.arrivalSeconds[next]);
    }
    for (; next < requests.count && requests.arrivalSeconds[next] <= seconds; next++) {
      const [prompt, output] = [requests.inputTokens[next], requests.outputTokens[next]];
      if (!scheduler.fits(prompt, output)) {
        rejected++;
        continue;
      }
      const blocks = requests.blocks[next];
      const hashes = hashTokens === null || blocks === null
        ? []
        : prefixes.of(blocks, prompt, prompt + output, hashTokens);
      scheduler.add(next, prompt, output, hashes);
    }
    scheduler.step();
    seconds += p.stepSeconds;
    const { running, manager } = scheduler;
    if (running.length === 0) continue;
    // Shared blocks hold their tokens once, whoever uses them: only the last block of each may be partial.
    const partial = running.reduce(
      (sum, r) => sum + r.table.length * manager.setup.blockTokens - r.computed,
      0,
    );
    const held = manager.usedBlocks * manager.setup.blockTokens;
    meter.add({ seconds, token: held - partial, held, batch: running.length });
  }
  return { rejected, seconds };
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
