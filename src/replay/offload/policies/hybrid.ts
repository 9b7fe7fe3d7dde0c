import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { tieredSchema } from "../engine_params.ts";
import { hybridStrategy } from "../hybrid.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

const params = tieredSchema.extend({
  keep: z.enum(["kv", "hidden", "both"]).default("both").describe(
    "what the tiers store; both costs the bytes of both",
  ),
});

type Params = z.infer<typeof params>;

export const policy: Policy<"requests", Params> = {
  name: "hybrid",
  family: "offload",
  summary: "per request the fastest by prediction: compute, load KV, or load hidden states",
  reference:
    "Mooncake (FAST 2025) eq. 2 and HCache (EuroSys 2025) as predictors, on the state of the " +
    "links at the moment of the choice",
  accepts: ["requests"],
  params,
  parts: sideParts,
  create: (given, context) =>
    createServingReplay(
      given,
      context,
      (llm, machine, hardware, side) => hybridStrategy(llm, machine, hardware, side, given),
    ),
};
