import type { Policy } from "../../../model/policy.ts";
import { type EngineParams, engineSchema } from "../engine_params.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

export const policy: Policy<"requests", EngineParams> = {
  name: "recompute",
  family: "offload",
  summary: "prefix cache in GPU memory only; what was evicted is computed again",
  reference:
    "vLLM automatic prefix caching (Kwon et al., SOSP 2023, and its documentation): least " +
    "recently used over blocks without references, tail blocks first",
  accepts: ["requests"],
  params: engineSchema,
  parts: sideParts,
  create: (params, context) =>
    createServingReplay(params, context, () => ({
      reuse: true,
      storedBytesPerToken: null,
      restores: [],
    })),
};
