import { z } from "zod";
import { rateParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { engineSchema } from "../engine_params.ts";
import { nearStorageStrategy } from "../near_storage.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

const params = engineSchema.extend({
  internalBandwidth: rateParam().nullable().default(null).describe(
    "bytes a second that the processor inside a drive reads; null: the drive's external read rate",
  ),
  driveFlops: z.number().positive().default(1e12).describe(
    "FLOPS of the processor inside a drive (assumed)",
  ),
  hostBandwidth: rateParam().nullable().default(null).describe(
    "host link of an instance in one direction; null: the profile's times the GPUs",
  ),
});

type Params = z.infer<typeof params>;

export const policy: Policy<"requests", Params> = {
  name: "near-storage",
  family: "offload",
  summary: "KV lies in computational drives, which do the attention of decoding themselves",
  reference:
    "InstInfer/InstAttention (arXiv 2409.04992), INF2 (arXiv 2502.09921): a step moves q, k, v " +
    "and o only; time = max(link, KV bytes / internal bandwidth, 4*N*n_q*d_h / drive FLOPS)",
  accepts: ["requests"],
  params,
  parts: sideParts,
  create: (given, context) =>
    createServingReplay(
      given,
      context,
      (llm, machine, hardware, side) => nearStorageStrategy(llm, machine, hardware, side, given),
    ),
};
