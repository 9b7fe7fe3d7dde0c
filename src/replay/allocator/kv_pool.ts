import type { Profiles } from "../../model/profiles/profiles.ts";

/** Share of the GPU's memory that serving engines use, as vLLM's gpu_memory_utilization. */
const MEMORY_SHARE = 0.9;

/** Bytes of KV a token takes with this model; null without a model. */
export function kvBytesPerToken(profiles: Profiles): number | null {
  const { llm } = profiles;
  if (llm === null) return null;
  const perLayer = llm.attention === "MLA"
    ? (llm.kvLoraRank ?? 0) + (llm.qkRopeHeadDim ?? 0)
    : 2 * llm.kvHeads * llm.headDim;
  return perLayer * llm.layers * llm.kvBytesPerElement;
}

const DEFAULT_SLOTS = 65_536;

/** KV slots (tokens) of a pool: as given, else what the profiles leave room for. */
export function poolSlots(given: number | null, profiles: Profiles): number {
  return given ?? slotsFromProfiles(profiles) ?? DEFAULT_SLOTS;
}

/** KV slots (tokens) that the profiles leave room for; null when they do not say. */
export function slotsFromProfiles(profiles: Profiles): number | null {
  const { llm, hardware } = profiles;
  const perToken = kvBytesPerToken(profiles);
  if (llm === null || perToken === null || hardware?.gpu == null || llm.parameters === null) {
    return null;
  }
  const memory = hardware.gpu.memoryBytes * hardware.gpu.count * MEMORY_SHARE;
  const weights = llm.parameters * llm.weightBytesPerElement;
  return Math.max(0, Math.floor((memory - weights) / perToken));
}
