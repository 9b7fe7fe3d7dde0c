import type { HardwareProfile } from "./hardware.ts";
import type { LlmProfile } from "./llm.ts";
import type { SiteProfile } from "./site.ts";

/** The profiles a replay or an estimate may read; null where none was given or needed. */
export interface Profiles {
  readonly hardware: HardwareProfile | null;
  readonly llm: LlmProfile | null;
  readonly site: SiteProfile | null;
}

export const NO_PROFILES: Profiles = { hardware: null, llm: null, site: null };
