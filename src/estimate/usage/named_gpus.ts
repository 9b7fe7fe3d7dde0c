import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { Usage } from "../../model/usage.ts";

/** The usage with the hardware's GPU where a device does not say which GPU it was; a note when that was needed. */
export function namedGpus(
  usage: Usage,
  hardware: HardwareProfile | null,
): { readonly usage: Usage; readonly notes: readonly string[] } {
  const key = hardware?.gpu?.key;
  const nameless = usage.devices.some((d) => d.kind === "gpu" && d.key === undefined);
  if (key === undefined || !nameless) return { usage, notes: [] };
  return {
    usage: {
      ...usage,
      devices: usage.devices.map((d) =>
        d.kind === "gpu" && d.key === undefined ? { ...d, key } : d
      ),
    },
    notes: [`the usage does not name its GPUs: ${key} is taken, from hardware ${hardware!.name}`],
  };
}
