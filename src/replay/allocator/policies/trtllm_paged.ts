import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { slotsFromProfiles } from "../kv_pool.ts";
import { RequestList } from "../kv_requests.ts";
import { replayPrefix } from "../prefix_policy.ts";

const params = z.strictObject({
  slots: z.number().int().positive().nullable().default(null)
    .describe("KV slots (tokens) of the pool; from --hardware and --llm, else 65536"),
  blockTokens: z.number().int().min(2).default(32)
    .refine((n) => Number.isInteger(Math.log2(n)), "expected a power of two")
    .describe("tokens_per_block, a power of two"),
  scheduling: z.enum(["guaranteed-no-evict", "max-utilization"]).default("guaranteed-no-evict")
    .describe("admit only what can end, or fill the memory and pause requests when it is full"),
  maxRunning: z.number().int().positive().default(256).describe("most requests running at once"),
  stepSeconds: z.number().positive().default(0.03)
    .describe("time of one iteration; places arrivals between steps"),
});

interface Params {
  readonly slots: number | null;
  readonly blockTokens: number;
  readonly scheduling: "guaranteed-no-evict" | "max-utilization";
  readonly maxRunning: number;
  readonly stepSeconds: number;
}

const DEFAULT_SLOTS = 65_536;

export const policy: Policy<"requests", Params> = {
  name: "trtllm-paged",
  family: "allocator",
  summary: "blocks in a radix tree, evicted one by one, admission that needs no eviction",
  reference: "NVIDIA TensorRT-LLM documentation: KV cache system, capacity scheduler policy",
  accepts: ["requests"],
  params: params as unknown as z.ZodType<Params>,
  create(p, context) {
    const requests = new RequestList(true);
    return {
      feed: (columns) => requests.feed(columns),
      finish: () =>
        replayPrefix(
          {
            slots: p.slots ?? slotsFromProfiles(context.profiles) ?? DEFAULT_SLOTS,
            pageTokens: p.blockTokens,
            traceBlockTokens: context.meta.blockTokens,
            eviction: "lru",
            wholeLeaves: false,
            guaranteed: p.scheduling === "guaranteed-no-evict",
            maxRunning: p.maxRunning,
          },
          requests,
          p.stepSeconds,
          context,
        ),
    };
  },
};
