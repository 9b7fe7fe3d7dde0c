import { weakestEvidence } from "../../model/evidence.ts";
import { metric, type Metrics, type MetricUnit, unknownMetric } from "../../model/metric.ts";
import type { Usage } from "../../model/usage.ts";
import { JOULES_PER_KWH } from "../formulas/units.ts";
import { reservedAndFleet } from "../formulas/attribution.ts";
import { waterLitres } from "../formulas/carbon.ts";
import { factorVariables } from "../factors/variables.ts";
import { cornerInterval, type Formula } from "../interval.ts";
import { type EstimateContext, MISSING } from "./context.ts";
import { costTerms } from "./cost_terms.ts";
import { embodiedTerms } from "./embodied_terms.ts";
import { energyTerms } from "./energy_terms.ts";
import { idleEnergy } from "./idle.ts";
import { namedGpus } from "./named_gpus.ts";
import { isKnown, type Put, type Quantity, type Unknowable } from "./quantity.ts";
import { UNIT_RATES } from "./rates.ts";
import type { Account, Part, Term, Terms } from "./term.ts";
import { diskNotes, putWear } from "./wear.ts";

export interface UsageEstimate {
  readonly metrics: Metrics;
  readonly provenance: Record<string, { formula: string; coefficients: readonly string[] }>;
  /** The formulas behind the metrics, by metric id. */
  readonly quantities: ReadonlyMap<string, Quantity | Unknowable>;
  readonly notes: readonly string[];
}

const ACCOUNT_UNITS: Readonly<Record<Account, MetricUnit>> = {
  energy: "joules",
  embodied: "gramsCo2e",
  usd: "usd",
};

function sum(terms: readonly Term[], account: Account, formula: string): Quantity {
  return {
    unit: ACCOUNT_UNITS[account],
    formula,
    coefficients: [...new Set(terms.flatMap((t) => t.coefficients))],
    evidence: terms.length === 0 ? "assumed" : weakestEvidence(...terms.map((t) => t.evidence)),
    value: (get) => terms.reduce((total, t) => total + t.value(get), 0),
  };
}

/** Sum of an account; unknown as soon as one of its parts is. */
function total(terms: Terms, account: Account): Quantity | Unknowable {
  if (terms.unknown.length > 0) {
    return { unit: ACCOUNT_UNITS[account], reason: terms.unknown.map((u) => u.reason).join("; ") };
  }
  if (terms.terms.length === 0) {
    return { unit: ACCOUNT_UNITS[account], reason: "the usage names nothing that could be priced" };
  }
  return sum(terms.terms, account, terms.terms.map((t) => t.formula).join(" + "));
}

function partOf(terms: Terms, account: Account, part: Part): Quantity | Unknowable | null {
  const unknown = terms.unknown.find((u) => u.part === part);
  if (unknown !== undefined) return { unit: ACCOUNT_UNITS[account], reason: unknown.reason };
  const own = terms.terms.filter((t) => t.part === part);
  if (own.length === 0) return null;
  return sum(own, account, own.map((t) => t.formula).join(" + "));
}

/** Applies a formula to known quantities; unknown with the first reason when one is unknown. */
function derive(
  unit: MetricUnit,
  formula: string,
  inputs: readonly (Quantity | Unknowable)[],
  ids: readonly string[],
  context: EstimateContext,
  missing: (id: string) => string,
  value: (parts: readonly Formula[]) => Formula,
): Quantity | Unknowable {
  const blind = inputs.find((q): q is Unknowable => !isKnown(q));
  if (blind !== undefined) return { unit, reason: blind.reason };
  const absent = ids.find((id) => !context.factors.has(id));
  if (absent !== undefined) return { unit, reason: missing(absent) };
  const known = inputs as readonly Quantity[];
  return {
    unit,
    formula,
    coefficients: [...new Set([...known.flatMap((q) => q.coefficients), ...ids])],
    evidence: weakestEvidence(
      ...known.map((q) => q.evidence),
      ...(ids.length > 0 ? ["assumed" as const] : []),
    ),
    value: value(known.map((q) => q.value)),
  };
}

function missing(id: string): string {
  return MISSING[id] ?? `coefficient ${id} is not known`;
}

export interface EstimateOptions {
  /** False leaves low and high out: for searches that look at thousands of usages. */
  readonly intervals?: boolean;
}

/**
 * Energy, carbon, water, wear and cost of a usage at a site, each with its interval and provenance.
 */
export function estimateUsage(
  given: Usage,
  context: EstimateContext,
  { intervals = true }: EstimateOptions = {},
): UsageEstimate {
  const { usage, notes } = namedGpus(given, context.hardware);
  const energy = energyTerms(usage, context.factors);
  const embodied = embodiedTerms(usage, context.factors);
  const cost = costTerms(usage, context, energy);
  const quantities = new Map<string, Quantity | Unknowable>();
  const put: Put = (id, q) => {
    if (q !== null) quantities.set(id, q);
  };

  const joules = total(energy, "energy");
  put("energy_joules", joules);
  const make = (
    unit: MetricUnit,
    formula: string,
    inputs: readonly (Quantity | Unknowable)[],
    ids: readonly string[],
    value: (parts: readonly Formula[]) => Formula,
  ) => derive(unit, formula, inputs, ids, context, missing, value);
  put(
    "facility_energy_joules",
    make(
      "joules",
      "IT energy x PUE (F3)",
      [joules],
      ["site.pue"],
      ([e]) => (get) => e(get) * get("site.pue"),
    ),
  );
  for (const part of ["gpu", "host", "dram", "storage", "network"] as const) {
    put(`energy_${part}_joules`, partOf(energy, "energy", part));
  }
  if (isKnown(joules) && quantities.has("energy_gpu_joules")) {
    const gpu = quantities.get("energy_gpu_joules")!;
    put(
      "unseen_energy_ratio",
      make(
        "ratio",
        "1 - GPU energy / energy",
        [joules, gpu],
        [],
        ([e, g]) => (get) => 1 - g(get) / e(get),
      ),
    );
  }
  const operational = make(
    "gramsCo2e",
    "IT energy / 3.6e6 x PUE x grid intensity (F4, location-based average)",
    [joules],
    ["site.pue", "site.grid"],
    ([e]) => (get) => e(get) / JOULES_PER_KWH * get("site.pue") * get("site.grid"),
  );
  put("operational_grams_co2e", operational);
  if (context.factors.has("site.marginal")) {
    put(
      "marginal_operational_grams_co2e",
      make(
        "gramsCo2e",
        "IT energy / 3.6e6 x PUE x marginal intensity",
        [joules],
        ["site.pue", "site.marginal"],
        ([e]) => (get) => e(get) / JOULES_PER_KWH * get("site.pue") * get("site.marginal"),
      ),
    );
  }
  const embodiedTotal = total(embodied, "embodied");
  put("embodied_grams_co2e", embodiedTotal);
  for (const part of ["gpu", "host", "dram", "storage"] as const) {
    put(`${part}_embodied_grams_co2e`, partOf(embodied, "embodied", part));
  }
  put(
    "total_grams_co2e",
    make("gramsCo2e", "operational + embodied (F5)", [operational, embodiedTotal], [], ([o, m]) => {
      return (get) => o(get) + m(get);
    }),
  );
  const wearTerms = embodied.terms.filter((t) => t.decision !== undefined);
  const wear: Quantity = {
    unit: "gramsCo2e",
    formula: "SSD g/GB x GB written / rated drive writes (F8, host bytes over TBW)",
    coefficients: [...new Set(wearTerms.flatMap((t) => t.coefficients))],
    evidence: weakestEvidence(usage.evidence, "assumed"),
    value: (get) => wearTerms.reduce((a, t) => a + t.decision!(get), 0),
  };
  if (wearTerms.length > 0) put("ssd_wear_grams_co2e", wear);
  put(
    "decision_grams_co2e",
    make(
      "gramsCo2e",
      "operational + wear; owned hardware is sunk",
      [operational, wear],
      [],
      ([o, w]) => (get) => o(get) + w(get),
    ),
  );
  putWear(usage, context, put);
  if (context.factors.has("wue")) {
    put(
      "site_water_litres",
      make("litres", "IT kWh x WUE (no PUE: WUE is per IT kWh)", [joules], ["wue"], ([e]) => {
        return (get) => e(get) / JOULES_PER_KWH * get("wue");
      }),
    );
  }
  if (context.factors.has("wue") && context.factors.has("water.grid")) {
    put(
      "water_litres",
      make(
        "litres",
        "IT kWh x WUE + facility kWh x water of the grid: PUE once, on the grid's part only",
        [joules],
        ["wue", "water.grid", "site.pue"],
        ([e]) => (get) =>
          waterLitres(e(get) / JOULES_PER_KWH, get("site.pue"), get("wue"), get("water.grid")),
      ),
    );
  }
  if (context.factors.has("fleet.utilisation")) {
    put(
      "fleet_embodied_grams_co2e",
      make(
        "gramsCo2e",
        "embodied carbon / share of the fleet's hours that are reserved: idle hours belong to somebody",
        [embodiedTotal],
        ["fleet.utilisation"],
        ([m]) => (get) => reservedAndFleet(m(get), get("fleet.utilisation")).fleet,
      ),
    );
  }
  put("idle_energy_joules", idleEnergy(usage, energy, context));
  put("total_usd", total(cost, "usd"));
  const spend = [
    ["compute_usd", "gpu"],
    ["memory_usd", "dram"],
    ["storage_usd", "storage"],
    ["object_request_usd", "requests"],
    ["retrieval_usd", "retrieval"],
    ["egress_usd", "egress"],
  ] as const;
  for (const [id, part] of spend) put(id, partOf(cost, "usd", part));
  for (const rate of UNIT_RATES) {
    const units = usage.functionalUnits[rate.functionalUnit];
    const base = quantities.get(rate.metric);
    if (units === undefined || base === undefined) continue;
    put(
      rate.id,
      units > 0
        ? make(
          base.unit,
          `${rate.metric} / ${rate.words} (F5)`,
          [base],
          [],
          ([t]) => (get) => t(get) / (units / rate.per),
        )
        : { unit: base.unit, reason: `no ${rate.things} were produced: a rate of nothing` },
    );
  }
  const metrics: Metrics = {};
  const provenance: UsageEstimate["provenance"] = {};
  for (const [id, q] of quantities) {
    if (!isKnown(q)) {
      metrics[id] = unknownMetric(q.unit, "assumed", q.reason);
      provenance[id] = { formula: "unknown", coefficients: [] };
      continue;
    }
    const { low, mid, high } = intervals
      ? cornerInterval(q.value, factorVariables(q.coefficients, context.factors))
      : { low: undefined, mid: q.value((key) => context.factors.get(key)!.value), high: undefined };
    metrics[id] = metric(mid, q.unit, q.evidence, intervals ? { low, high } : {});
    provenance[id] = { formula: q.formula, coefficients: q.coefficients };
  }
  return {
    metrics,
    provenance,
    quantities,
    notes: [
      ...new Set([
        ...notes,
        ...energy.notes,
        ...embodied.notes,
        ...cost.notes,
        ...diskNotes(usage),
      ]),
    ],
  };
}
