import type { Profiles } from "../../model/profiles/profiles.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import { loadProfile } from "../load_profiles.ts";
import { rankResults } from "../replay_run.ts";

/** Where the machine stands when nobody says: a named region, so that a price can be found. */
export const ASSUMED_SITE = "aws-us-east-1";
const ADDED = ["total_usd", "total_grams_co2e", "energy_joules"];
const RANKED = ["total_usd"];

/** Adds what each result costs and emits at the site, and the ranking by cost. */
export async function withPrices(
  document: ReplayDocument,
  profiles: Profiles,
): Promise<ReplayDocument> {
  const site = profiles.site ?? await loadProfile("site", ASSUMED_SITE);
  const { builtinFactors } = await import("../../estimate/factors/builtin.ts");
  const { estimateContext } = await import("../../estimate/usage/context.ts");
  const { estimateUsage } = await import("../../estimate/usage/estimate_usage.ts");
  const context = estimateContext(site!, profiles.hardware, builtinFactors());
  const results = document.results.map((result) => {
    if (result.usage === null) return result;
    const { metrics } = estimateUsage(result.usage, context);
    const added = Object.fromEntries(
      ADDED.flatMap((id) => metrics[id] === undefined ? [] : [[id, metrics[id]]]),
    );
    return { ...result, metrics: { ...result.metrics, ...added } };
  });
  const others = RANKED.filter((id) => results.some((r) => (r.metrics[id]?.value ?? null) !== null))
    .map((by) => ({ by, better: "lower" as const, order: rankResults(results, by, "lower") }));
  return {
    ...document,
    results: results.map((result) => withReasons(result, site!.name)),
    ranking: { ...document.ranking, others },
  };
}

/** A result with a note for each ranking that cannot be made, and why. */
function withReasons(result: PolicyResult, site: string): PolicyResult {
  const missing = RANKED.flatMap((by) => {
    const metric = result.metrics[by];
    return metric === undefined || metric.value !== null || metric.reason === undefined
      ? []
      : [`No ranking by ${by}: ${adviceOf(metric.reason, site)}.`];
  });
  return missing.length === 0 ? result : { ...result, notes: [...result.notes ?? [], ...missing] };
}

/** Factors are flags of "estimate", which takes a kept replay. */
function adviceOf(reason: string, site: string): string {
  return reason.replace(
    "; give --factor",
    `; keep the replay with --save and run "spillway estimate" with --site ${site} --factor`,
  );
}
