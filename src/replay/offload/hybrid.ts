import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import { copyRestore, type Strategy, type TokenRestore } from "./build.ts";
import type { TieredParams } from "./engine_params.ts";
import { splitOn, splitRestore } from "./hidden.ts";
import { kvLinkBytesPerToken, type Machine, type Side } from "./machine.ts";

/** The choice between the stored forms and computing, made anew for every request. */
export function hybridStrategy(
  llm: LlmProfile,
  machine: Machine,
  hardware: HardwareProfile,
  side: Side,
  params: TieredParams & { readonly keep: "kv" | "hidden" | "both" },
): Strategy {
  const kv = copyRestore("kv", kvLinkBytesPerToken(llm, machine));
  const hidden = splitRestore(llm, splitOn(llm, machine, hardware, side, params));
  const restores: TokenRestore[] = [];
  if (params.keep !== "hidden") restores.push(kv);
  if (params.keep !== "kv") restores.push(hidden);
  return {
    reuse: true,
    storedBytesPerToken: restores.reduce((sum, restore) => sum + restore.loadedBytesPerToken, 0),
    restores,
    load: "cheapest",
  };
}
