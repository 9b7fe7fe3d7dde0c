import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { copyRestore } from "../build.ts";
import { type TieredParams, tieredSchema } from "../engine_params.ts";
import { kvLinkBytesPerToken } from "../machine.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

const params = tieredSchema.extend({
  eviction: z.string().default("look-ahead").describe(
    "eviction of the tiers; look-ahead spares what waiting requests will use",
  ),
  prefetch: z.boolean().default(true).describe(
    "bring queued requests' blocks from drive to memory, and spare them",
  ),
});

export const policy: Policy<"requests", TieredParams> = {
  name: "cachedattention",
  family: "offload",
  summary:
    "KV tiers with look-ahead over the queue: prefetch from drive, eviction that knows what waits",
  reference:
    "CachedAttention/AttentionStore (ATC 2024): layer-wise pre-loading, asynchronous saving, " +
    "scheduler-aware fetching and eviction; positions are assumed decoupled",
  accepts: ["requests"],
  params,
  parts: sideParts,
  create: (given, context) =>
    createServingReplay(given, context, (llm, machine) => ({
      reuse: true,
      storedBytesPerToken: kvLinkBytesPerToken(llm, machine),
      restores: [copyRestore("kv", kvLinkBytesPerToken(llm, machine))],
    })),
};
