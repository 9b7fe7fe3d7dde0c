import type { Policy } from "../../../model/policy.ts";
import { copyRestore, kvLinkBytesPerToken } from "../build.ts";
import { type TieredParams, tieredSchema } from "../engine_params.ts";
import { createServingReplay } from "../replay.ts";

export const policy: Policy<"requests", TieredParams> = {
  name: "kv-offload",
  family: "offload",
  summary: "KV blocks in tiers: GPU memory, host memory, drives, remote",
  reference:
    "Mooncake (FAST 2025) section 4 and the Mooncake store; LMCache; vLLM KV offloading connector",
  accepts: ["requests"],
  params: tieredSchema,
  create: (params, context) =>
    createServingReplay(params, context, (llm, { gpus }) => ({
      reuse: true,
      storedBytesPerToken: kvLinkBytesPerToken(llm, gpus),
      restores: [copyRestore("kv", kvLinkBytesPerToken(llm, gpus))],
    })),
};
