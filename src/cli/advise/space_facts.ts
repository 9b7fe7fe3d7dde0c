import { weightBytes } from "../../model/llm_math.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Trace } from "../../model/trace/trace.ts";
import type { SpaceFacts } from "../../search/advise/space.ts";
import { allocatorWastes } from "./allocators.ts";

/** Share of GPU memory that a serving engine uses by default. */
const MEMORY_UTILIZATION = 0.9;

/** Fewest GPUs, as a power of two, that hold the weights with room to spare. */
export function leastGpus(profiles: Profiles): number {
  const { llm, hardware } = profiles;
  if (llm === null || hardware === null || hardware.gpu === null) return 1;
  const { gpu } = hardware;
  const each = gpu.memoryBytes * MEMORY_UTILIZATION;
  let gpus = 1;
  while (gpus < gpu.count && gpus * each <= weightBytes(llm)) gpus *= 2;
  return gpus;
}

/** What the search must know of the trace and the machine before it makes points. */
export async function spaceFacts(
  trace: Trace,
  family: string,
  profiles: Profiles,
  seed: number,
): Promise<{ facts: SpaceFacts; labels: ReadonlyMap<string, string> }> {
  const wastes = family === "offload" && trace.kind === "requests"
    ? await allocatorWastes(trace, profiles, seed)
    : [];
  return {
    facts: {
      family,
      hardware: profiles.hardware,
      leastGpus: leastGpus(profiles),
      kvWastes: wastes.map((w) => w.waste),
    },
    labels: new Map(wastes.map((w) => [w.waste, w.label])),
  };
}
