import type { Eviction } from "../model/eviction.ts";
import { EVICTIONS } from "../registry/evictions.ts";

/** Every registered eviction, for the families whose policies have caches; none for the others. */
export async function loadEvictions(families: readonly string[]): Promise<readonly Eviction[]> {
  if (!families.includes("offload")) return [];
  return await Promise.all(EVICTIONS.map((entry) => entry.load()));
}
