import type { LlmProfile } from "../llm.ts";

/** What a row must say; everything else has the schema's default. */
type Row =
  & Pick<
    LlmProfile,
    "name" | "attention" | "layers" | "hidden" | "queryHeads" | "kvHeads" | "headDim" | "ffn"
  >
  & Pick<LlmProfile, "vocab" | "source">
  & Partial<LlmProfile>;

/** A profile from what its row says, the schema's defaults for the rest. */
export function shape(row: Row): LlmProfile {
  return {
    schema: "spillway/llm/1",
    mlpMatrices: 3,
    qLoraRank: null,
    kvLoraRank: null,
    qkRopeHeadDim: null,
    qkNopeHeadDim: null,
    vHeadDim: null,
    moe: null,
    slidingWindow: null,
    kvBytesPerElement: 2,
    weightBytesPerElement: 2,
    parameters: null,
    ...row,
  };
}
