import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { copyRestore } from "../build.ts";
import { tieredSchema } from "../engine_params.ts";
import { kvLinkBytesPerToken } from "../machine.ts";
import { createServingReplay } from "../replay.ts";
import { sideParts } from "../side_parts.ts";

const params = tieredSchema.extend({
  dram: bytesParam().default(0).describe("host memory that the engine's offloading used"),
  ssd: bytesParam().default(0).describe("drive space that the engine's offloading used"),
  prefixCaching: z.boolean().default(true).describe("whether the engine reused prefixes at all"),
});

type Params = z.infer<typeof params>;

export const policy: Policy<"requests", Params> = {
  name: "as-run",
  family: "offload",
  summary: "what the recorded engine did: set its blocks, batch limits and tiers",
  reference:
    "the configuration of the recorded engine; defaults are a vLLM instance with prefix caching " +
    "and no offloading",
  accepts: ["requests"],
  params,
  parts: sideParts,
  create: (given, context) =>
    createServingReplay(given, context, (llm, machine) => {
      const bytes = kvLinkBytesPerToken(llm, machine);
      const stores = given.dram + given.ssd + given.remote > 0;
      return {
        reuse: given.prefixCaching,
        storedBytesPerToken: stores ? bytes : null,
        restores: stores ? [copyRestore("kv", bytes)] : [],
      };
    }),
};
