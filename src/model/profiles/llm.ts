import { z } from "zod";

const whole = z.number().int().nonnegative();
const positive = z.number().int().positive();

/** Shape of a transformer language model, as in its `config.json`. Sizes are counts, not bytes. */
export const llmProfileSchema = z.object({
  schema: z.literal("spillway/llm/1").default("spillway/llm/1"),
  name: z.string().min(1),
  attention: z.enum(["MHA", "GQA", "MQA", "MLA"]),
  layers: positive,
  hidden: positive,
  queryHeads: positive,
  kvHeads: positive,
  headDim: positive.describe("from the config; hidden / queryHeads is wrong for several models"),
  ffn: positive,
  vocab: positive,
  mlpMatrices: z.union([z.literal(2), z.literal(3)]).default(3).describe(
    "3 for SwiGLU, 2 otherwise",
  ),
  qLoraRank: whole.nullable().default(null),
  kvLoraRank: whole.nullable().default(null).describe("MLA latent rank"),
  qkRopeHeadDim: whole.nullable().default(null),
  qkNopeHeadDim: whole.nullable().default(null),
  vHeadDim: whole.nullable().default(null),
  moe: z.object({
    experts: positive,
    topK: positive,
    ffn: positive,
    sharedFfn: whole.default(0),
    firstDense: whole.default(0),
  }).nullable().default(null),
  slidingWindow: z.object({
    tokens: positive,
    layers: whole.describe("how many of the layers use the window"),
  }).nullable().default(null),
  kvBytesPerElement: z.number().positive().default(2),
  weightBytesPerElement: z.number().positive().default(2),
  parameters: z.number().positive().nullable().default(null).describe("total, when published"),
  source: z.string().default("given by the user"),
});

export type LlmProfile = z.infer<typeof llmProfileSchema>;
