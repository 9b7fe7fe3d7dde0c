import { estimateContext } from "../../estimate/usage/context.ts";
import { estimateUsage } from "../../estimate/usage/estimate_usage.ts";
import { metric, type Metrics } from "../../model/metric.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import type { Usage } from "../../model/usage.ts";
import { builtinFactors } from "../../estimate/factors/builtin.ts";
import { loadProfile } from "../load_profiles.ts";

/** Metrics of an estimate under the names of the waste. */
const WASTE = {
  energy_joules: "waste_joules",
  operational_grams_co2e: "waste_operational_grams_co2e",
  embodied_grams_co2e: "waste_embodied_grams_co2e",
  total_grams_co2e: "waste_grams_co2e",
  total_usd: "waste_usd",
} as const;

/**
 * Adds to each result what its waste costs: all GPU time beyond the useful work, and the bytes and memory of
 * fault tolerance, priced as any usage is; the idle spares by themselves; the wear of the drives.
 */
export async function withWaste(
  document: ReplayDocument,
  profiles: Profiles,
): Promise<ReplayDocument> {
  const site = profiles.site ?? (await loadProfile("site", "anywhere"))!;
  const context = estimateContext(site, profiles.hardware, builtinFactors());
  const priced = (result: PolicyResult): Metrics => {
    const waste = result.detail?.waste as unknown as { total: Usage; spares: Usage } | undefined;
    if (waste === undefined) return {};
    const all = estimateUsage(waste.total, context).metrics;
    const spares = estimateUsage(waste.spares, context).metrics;
    return {
      ...Object.fromEntries(
        Object.entries(WASTE).flatMap(([id, name]) => id in all ? [[name, all[id]]] : []),
      ),
      idle_spare_joules: waste.spares.devices[0].count === 0
        ? metric(0, "joules", "replayed")
        : spares.energy_joules,
      ssd_wear_ratio: wearOf(result),
    };
  };
  /** Host bytes of one node over the rated writes of its drives. */
  const wearOf = (result: PolicyResult) => {
    const written = (result.usage?.flows ?? []).filter((f) =>
      f.tier === "ssd" && f.direction === "write"
    );
    if (written.length === 0) return metric(0, "ratio", "replayed");
    const gpus = result.usage!.devices.reduce((sum, d) => sum + d.count, 0);
    const nodes = Math.max(1, gpus / Number(result.params.gpusPerNode ?? 8));
    const flows = written.map((f) => ({ ...f, bytes: f.bytes / nodes }));
    return estimateUsage({ ...result.usage!, flows, held: [] }, context).metrics.ssd_wear_ratio;
  };
  return {
    ...document,
    results: document.results.map((result) => ({
      ...result,
      metrics: { ...result.metrics, ...priced(result) },
    })),
  };
}
