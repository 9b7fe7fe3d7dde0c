import { z } from "zod";
import { type PrefixParams, prefixParams, prefixPolicy } from "../prefix_policy.ts";
import type { RadixEviction } from "../radix_tree.ts";

const params = z.strictObject({
  ...prefixParams,
  pageTokens: z.number().int().positive().default(1).describe("tokens that are handed out at once"),
  eviction: z.enum(["lru", "lfu", "fifo", "mru", "filo"]).default("lru")
    .describe("which unlocked leaf of the tree goes first"),
});

interface Params extends PrefixParams {
  readonly pageTokens: number;
  readonly eviction: RadixEviction;
}

export const policy = prefixPolicy<Params>({
  name: "radix",
  summary: "prefixes in a radix tree, whole leaves evicted (SGLang)",
  reference: "Zheng et al., SGLang, 2024, section 3; mem_cache/radix_cache.py",
  limits:
    "eviction by priority (no trace says a request's priority), and the order in which SGLang's " +
    "scheduler may take waiting requests by their prefixes: they are taken as they came",
  params,
  setup: (p) => ({
    pageTokens: p.pageTokens,
    eviction: p.eviction,
    wholeLeaves: true,
    guaranteed: false,
  }),
});
