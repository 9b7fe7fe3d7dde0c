import { weakestEvidence } from "../../model/evidence.ts";
import type { Usage } from "../../model/usage.ts";
import type { EstimateContext } from "./context.ts";
import type { Quantity } from "./quantity.ts";
import type { Terms } from "./term.ts";

/**
 * Energy that the reserved hardware would have drawn without any work (F20): idle GPUs for the whole time
 * and the host. Null where a counter stands for a part: it does not tell idle from work.
 */
export function idleEnergy(usage: Usage, energy: Terms, context: EstimateContext): Quantity | null {
  if (usage.measured?.joules !== undefined || energy.unknown.length > 0) return null;
  const hosts = energy.terms.filter((t) => t.part === "host");
  const gpus = usage.devices.filter((d) => d.kind === "gpu");
  if (hosts.length === 0 || gpus.some((d) => !context.factors.has(`gpu.${d.key}.watts`))) {
    return null;
  }
  return {
    unit: "joules",
    formula: "host watts and idle watts of each GPU x reserved s (F20)",
    coefficients: [
      ...new Set([
        ...hosts.flatMap((t) => t.coefficients),
        ...gpus.flatMap((d) => [`gpu.${d.key}.watts`, "gpu.idle_share"]),
      ]),
    ],
    evidence: weakestEvidence(usage.evidence, "assumed"),
    value: (get) =>
      hosts.reduce((a, t) => a + t.value(get), 0) +
      gpus.reduce(
        (a, d) => a + d.reservedSeconds * get(`gpu.${d.key}.watts`) * get("gpu.idle_share"),
        0,
      ),
  };
}
