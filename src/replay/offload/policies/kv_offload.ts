import type { Policy } from "../../../model/policy.ts";
import { copyRestore } from "../build.ts";
import { type TieredParams, tieredSchema } from "../engine_params.ts";
import { kvLinkBytesPerToken } from "../machine.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

export const policy: Policy<"requests", TieredParams> = {
  name: "kv-offload",
  family: "offload",
  summary: "KV blocks in tiers: GPU memory, host memory, drives, remote",
  reference:
    "Mooncake (FAST 2025) section 4 and the Mooncake store; LMCache; vLLM KV offloading connector",
  accepts: ["requests"],
  params: tieredSchema,
  parts: sideParts,
  create: (params, context) =>
    createServingReplay(params, context, (llm, machine) => ({
      reuse: true,
      storedBytesPerToken: kvLinkBytesPerToken(llm, machine),
      restores: [copyRestore("kv", kvLinkBytesPerToken(llm, machine))],
    })),
};
