import { weakestEvidence } from "../../model/evidence.ts";
import type { EstimateComparison } from "../../model/results.ts";
import { compareFormulas, crossover, describeStability } from "../verdict.ts";
import type { EstimateContext } from "./context.ts";
import { factorVariables } from "../factors/variables.ts";
import type { UsageEstimate } from "./estimate_usage.ts";
import { isKnown } from "./quantity.ts";

/** Seeded draws of the coefficients: the only source of a percentage. */
export interface Sampling {
  readonly seed: number;
  readonly count: number;
}

/** Metric of each view of carbon; other metrics have the inventory view alone. */
const VIEWS = [
  ["total_grams_co2e", "inventory"],
  ["decision_grams_co2e", "decision"],
  ["total_usd", "inventory"],
  ["energy_joules", "inventory"],
] as const;

/**
 * Two estimates at the same site, metric by metric and view by view: does the first stay below the
 * second whatever the coefficients are? Metrics unknown on either side are left out.
 */
export function compareEstimates(
  first: { readonly name: string; readonly estimate: UsageEstimate },
  second: { readonly name: string; readonly estimate: UsageEstimate },
  context: EstimateContext,
  samples?: Sampling,
): EstimateComparison[] {
  const unitOf = (id: string) => context.factors.get(id)?.unit ?? "";
  return VIEWS.flatMap(([metric, view]) => {
    const a = first.estimate.quantities.get(metric);
    const b = second.estimate.quantities.get(metric);
    if (!isKnown(a) || !isKnown(b)) return [];
    const variables = factorVariables([...a.coefficients, ...b.coefficients], context.factors);
    const stability = compareFormulas(a.value, b.value, variables, samples);
    const share = stability.sampledShare;
    return [{
      first: first.name,
      second: second.name,
      metric,
      view,
      difference: stability.difference,
      verdict: stability.verdict,
      flips: stability.flips.map((f) => ({
        coefficient: f.id,
        at: f.at,
        unit: unitOf(f.id),
        side: f.side,
      })),
      sentence: `${first.name} against ${second.name}, ${metric}: ` +
        describeStability(stability, unitOf) +
        (share === null || samples === undefined
          ? ""
          : `; lower in ${
            Number((share * 100).toPrecision(3))
          } % of ${samples.count} samples of the ` +
            `coefficients (seed ${samples.seed}, uniform)`),
      ...(share === null ? {} : { sampledShare: share }),
      evidence: weakestEvidence(a.evidence, b.evidence),
      coefficients: variables.map((v) => v.id),
    }];
  });
}

/** Total carbon of several estimates over the grid intensity, 0 to 800 g/kWh. */
export function gridCrossover(
  estimates: readonly { readonly name: string; readonly estimate: UsageEstimate }[],
  context: EstimateContext,
  points = 81,
) {
  const metric = "total_grams_co2e";
  const known = estimates.flatMap(({ name, estimate }) => {
    const q = estimate.quantities.get(metric);
    return isKnown(q) ? [{ name, q }] : [];
  });
  if (known.length === 0) return null;
  const variables = factorVariables(known.flatMap((k) => k.q.coefficients), context.factors);
  const lines = known.map(({ name, q }) => {
    const swept = crossover(q.value, q.value, variables, "site.grid", 0, 800, points);
    return { name, x: swept.points.map((p) => p.x), y: swept.points.map((p) => p.first) };
  });
  const crossesAt = known.length < 2
    ? null
    : crossover(known[0].q.value, known[1].q.value, variables, "site.grid", 0, 800, 2).crossesAt;
  return {
    coefficient: "site.grid",
    unit: "gCO2e/kWh",
    metric,
    x: lines[0].x,
    lines: lines.map(({ name, y }) => ({ name, y })),
    crossesAt,
    evidence: weakestEvidence(...known.map(({ q }) => q.evidence)),
    coefficients: variables.map((v) => v.id),
  };
}
