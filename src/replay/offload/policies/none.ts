import type { Policy } from "../../../model/policy.ts";
import { type EngineParams, engineSchema } from "../engine_params.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

export const policy: Policy<"requests", EngineParams> = {
  name: "none",
  family: "offload",
  summary: "no reuse at all: every prompt is computed from its first token",
  reference:
    "the baseline of every prefix-caching paper; engine of this tool (vLLM-like scheduling)",
  accepts: ["requests"],
  params: engineSchema,
  parts: sideParts,
  create: (params, context) =>
    createServingReplay(params, context, () => ({
      reuse: false,
      storedBytesPerToken: null,
      restores: [],
    })),
};
