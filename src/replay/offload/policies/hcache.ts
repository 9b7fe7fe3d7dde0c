import type { Policy } from "../../../model/policy.ts";
import { type TieredParams, tieredSchema } from "../engine_params.ts";
import { hiddenStrategy } from "../hidden.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

export const policy: Policy<"requests", TieredParams> = {
  name: "hcache",
  family: "offload",
  summary: "hidden states instead of KV in the tiers; KV is projected from them",
  reference:
    "HCache (EuroSys 2025): bubble-free split over layers, recomputed or KV complement, 64-token " +
    "chunks; smaller than KV only where D < 2*n_kv*d_h",
  accepts: ["requests"],
  params: tieredSchema,
  parts: sideParts,
  create: (params, context) =>
    createServingReplay(
      params,
      context,
      (llm, machine, hardware, side) => hiddenStrategy(llm, machine, hardware, side, params),
    ),
};
