import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { slotsFromProfiles } from "../kv_pool.ts";
import { RequestList } from "../kv_requests.ts";
import { replayPrefix } from "../prefix_policy.ts";

const params = z.strictObject({
  slots: z.number().int().positive().nullable().default(null)
    .describe("KV slots (tokens) of the pool; from --hardware and --llm, else 65536"),
  pageTokens: z.number().int().positive().default(1).describe("tokens that are handed out at once"),
  eviction: z.enum(["lru", "lfu", "fifo", "mru", "filo"]).default("lru")
    .describe("which unlocked leaf of the tree goes first"),
  maxRunning: z.number().int().positive().default(256).describe("most requests running at once"),
  stepSeconds: z.number().positive().default(0.03)
    .describe("time of one iteration; places arrivals between steps"),
});

type Params = z.infer<typeof params>;

const DEFAULT_SLOTS = 65_536;

export const policy: Policy<"requests", Params> = {
  name: "radix",
  family: "allocator",
  summary: "prefixes in a radix tree, whole leaves evicted (SGLang)",
  reference: "Zheng et al., SGLang, 2024, section 3; mem_cache/radix_cache.py",
  accepts: ["requests"],
  params,
  create(p, context) {
    const requests = new RequestList(true);
    return {
      feed: (columns) => requests.feed(columns),
      finish: () =>
        replayPrefix(
          {
            slots: p.slots ?? slotsFromProfiles(context.profiles) ?? DEFAULT_SLOTS,
            pageTokens: p.pageTokens,
            traceBlockTokens: context.meta.blockTokens,
            eviction: p.eviction,
            wholeLeaves: true,
            guaranteed: false,
            maxRunning: p.maxRunning,
          },
          requests,
          p.stepSeconds,
          context,
        ),
    };
  },
};
