import { z } from "zod";
import type { Policy } from "../../../model/policy.ts";
import { COMPRESSION_METHODS, compressionOf } from "../compression.ts";
import { tieredSchema } from "../engine_params.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

const params = tieredSchema.extend({
  method: z.enum(COMPRESSION_METHODS).default("kivi").describe("how the KV cache is made smaller"),
  bits: z.number().int().min(1).max(8).default(2).describe("kivi: bits of a quantised element"),
  group: z.number().int().positive().default(32).describe("kivi: elements that share a scale"),
  residual: z.number().int().nonnegative().default(128).describe(
    "kivi: last tokens kept in 16 bits",
  ),
  levels: z.array(z.number().min(1)).min(1).default([3.5, 4.3]).describe(
    "cachegen: levels kept and chosen from, as ratios to plain KV; 1 is uncompressed",
  ),
  decodeRate: z.number().positive().default(50e9).describe(
    "cachegen: bytes of plain KV decoded a second on one GPU (assumed)",
  ),
  inGpu: z.boolean().default(false).describe(
    "kivi and h2o: keep the KV small in GPU memory too, so that more sequences fit",
  ),
  keep: z.number().positive().max(1).default(0.2).describe(
    "h2o, pqcache, impress: share of the tokens that is kept or read",
  ),
});

type Params = z.infer<typeof params>;

export const policy: Policy<"requests", Params> = {
  name: "compress",
  family: "offload",
  summary: "smaller KV in the tiers by quantising, coding or dropping tokens: changes the answers",
  reference:
    "KIVI (ICML 2024), CacheGen (SIGCOMM 2024), H2O (NeurIPS 2023), PQCache (SIGMOD 2025), " +
    "IMPRESS (FAST 2025), as models of their bytes; quality is not modelled",
  accepts: ["requests"],
  params,
  lossy: true,
  parts: sideParts,
  create: (given, context) =>
    createServingReplay(
      given,
      context,
      (llm, machine) => compressionOf(llm, machine, given),
    ),
};
