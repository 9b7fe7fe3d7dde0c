import { z } from "zod";
import { type PrefixParams, prefixParams, prefixPolicy } from "../prefix_policy.ts";

const params = z.strictObject({
  ...prefixParams,
  blockTokens: z.number().int().min(2).default(32)
    .refine((n) => Number.isInteger(Math.log2(n)), "expected a power of two")
    .describe("tokens_per_block, a power of two"),
  scheduling: z.enum(["guaranteed-no-evict", "max-utilization"]).default("guaranteed-no-evict")
    .describe("admit only what can end, or fill the memory and pause requests when it is full"),
});

interface Params extends PrefixParams {
  readonly blockTokens: number;
  readonly scheduling: "guaranteed-no-evict" | "max-utilization";
}

export const policy = prefixPolicy<Params>({
  name: "trtllm-paged",
  summary: "blocks in a radix tree, evicted one by one, admission that needs no eviction",
  reference: "NVIDIA TensorRT-LLM documentation: KV cache system, capacity scheduler policy",
  limits:
    "the host and disk cache (host_cache_size): a block that leaves the GPU is gone, replay offload " +
    "is about tiers; retention priorities (no trace says them: eviction is least recently used); reuse of " +
    "a part of a block (block ids say only that whole blocks are equal); a pool for each attention window",
  params: params as unknown as z.ZodType<Params>,
  setup: (p) => ({
    pageTokens: p.blockTokens,
    eviction: "lru",
    wholeLeaves: false,
    guaranteed: p.scheduling === "guaranteed-no-evict",
  }),
});
