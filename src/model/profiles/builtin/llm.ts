import type { LlmProfile } from "../llm.ts";
import { GQA_LLMS } from "./llm_gqa.ts";
import { MHA_LLMS } from "./llm_mha.ts";
import { MOE_LLMS } from "./llm_moe.ts";

/** Shapes of published models, read in August 2026 from the configurations named in each `source`. */
export const BUILTIN_LLMS: readonly LlmProfile[] = [...MHA_LLMS, ...GQA_LLMS, ...MOE_LLMS];
