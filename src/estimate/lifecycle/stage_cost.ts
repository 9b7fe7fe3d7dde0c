import type { Usage } from "../../model/usage.ts";
import { JOULES_PER_KWH, SECONDS_PER_MONTH } from "../formulas/units.ts";
import type { DataClass } from "../placement/data_class.ts";
import type { Medium, Priced } from "../placement/media.ts";
import { addPriced, segmentCost, timesPriced } from "../placement/segment_cost.ts";
import type { EstimateContext } from "../usage/context.ts";
import { costTerms } from "../usage/cost_terms.ts";
import { embodiedTerms, ssdWrittenBytes } from "../usage/embodied_terms.ts";
import { energyTerms, type Hosts } from "../usage/energy_terms.ts";
import { hostMemory } from "../usage/host_memory.ts";
import { namedGpus } from "../usage/named_gpus.ts";
import type { Part, Term, Terms } from "../usage/term.ts";

/** A formula, or why there is none. */
export type Known = { readonly priced: Priced } | { readonly reason: string };

/** What a stage costs over its whole time; `stored` is the part of memory and storage below the GPUs. */
export interface StageCost {
  readonly joules: Known;
  readonly operational: Known;
  readonly embodied: Known;
  readonly grams: Known;
  readonly usd: Known;
  readonly storedGrams: Known;
  /** Embodied carbon of SSD writes alone. */
  readonly wear: Known;
  readonly ssdWrittenBytes: number;
}

const STORED: readonly Part[] = ["dram", "storage", "network", "requests"];

const ZERO: Priced = { ids: [], value: () => 0 };

function sumOf(terms: readonly Term[]): Priced {
  return addPriced(terms.map((t) => ({ ids: t.coefficients, value: t.value })));
}

function of(terms: Terms, keep: (part: Part) => boolean): Known {
  const blind = terms.unknown.find((u) => keep(u.part));
  if (blind !== undefined) return { reason: blind.reason };
  return { priced: sumOf(terms.terms.filter((t) => keep(t.part))) };
}

/** Applies a step to known formulas; the first reason wins where one is not known. */
export function mapKnown(
  parts: readonly Known[],
  step: (known: readonly Priced[]) => Priced,
): Known {
  const blind = parts.find((p): p is { reason: string } => "reason" in p);
  return blind ?? { priced: step(parts.map((p) => (p as { priced: Priced }).priced)) };
}

function carbonOf(joules: Known, context: EstimateContext): Known {
  for (const id of ["site.grid", "site.pue"]) {
    if (!context.factors.has(id)) {
      return { reason: `the site "${context.site.name}" has no ${id.slice(5)}` };
    }
  }
  return mapKnown([joules], ([e]) => ({
    ids: [...e.ids, "site.pue", "site.grid"],
    value: (get) => e.value(get) / JOULES_PER_KWH * get("site.pue") * get("site.grid"),
  }));
}

function cost(
  parts: Pick<StageCost, "joules" | "embodied" | "usd" | "wear" | "ssdWrittenBytes">,
  stored: { readonly joules: Known; readonly embodied: Known },
  context: EstimateContext,
): StageCost {
  const operational = carbonOf(parts.joules, context);
  return {
    ...parts,
    operational,
    grams: mapKnown([operational, parts.embodied], addPriced),
    storedGrams: mapKnown([carbonOf(stored.joules, context), stored.embodied], addPriced),
  };
}

/** The cost of a usage, `scale` times over. */
export function usageCost(
  given: Usage,
  context: EstimateContext,
  scale = 1,
  hosts: Hosts = "bare",
): StageCost {
  const { usage } = namedGpus(given, context.hardware);
  const energy = energyTerms(usage, context.factors, hosts);
  const embodied = embodiedTerms(usage, context.factors, hosts);
  const money = costTerms(usage, context, energy, hosts);
  const scaled = (known: Known) => mapKnown([known], ([p]) => timesPriced(p, scale));
  const all = () => true;
  const stored = (part: Part) => STORED.includes(part);
  // Whole hosts hold memory and drives of their own, inside the figure of the host.
  const memory = hosts === "whole" ? hostMemory(usage) : { joules: ZERO, grams: ZERO };
  const inside = { joules: { priced: memory.joules }, grams: { priced: memory.grams } };
  const wear: Priced[] = embodied.terms.flatMap((t) =>
    t.decision === undefined ? [] : [{ ids: t.coefficients, value: t.decision }]
  );
  return cost(
    {
      joules: scaled(of(energy, all)),
      embodied: scaled(of(embodied, all)),
      usd: scaled(of(money, all)),
      wear: { priced: timesPriced(addPriced(wear), scale) },
      ssdWrittenBytes: ssdWrittenBytes(usage) * scale,
    },
    {
      joules: scaled(mapKnown([of(energy, stored), inside.joules], addPriced)),
      embodied: scaled(mapKnown([of(embodied, stored), inside.grams], addPriced)),
    },
    context,
  );
}

/** The cost of keeping a class of data on a medium for some time, `times` over. */
export function storageCost(
  data: DataClass,
  medium: Medium,
  seconds: number,
  context: EstimateContext,
  times = 1,
): StageCost {
  const whole = { name: "all", bytesShare: 1, readsShare: 1 };
  const monthly = segmentCost(data, whole, medium, context.factors);
  const scale = seconds / SECONDS_PER_MONTH * times;
  const scaled = (priced: Priced): Known => ({ priced: timesPriced(priced, scale) });
  const joules = scaled(monthly.joules);
  const embodied = scaled(monthly.embodied);
  const copies = medium.keepsCopies ? 1 : data.copies;
  return cost(
    {
      joules,
      embodied,
      usd: monthly.usd === null
        ? { reason: "no electricity price; give --factor electricity.usd_per_kwh=0.12" }
        : scaled(monthly.usd),
      wear: scaled(monthly.wear),
      ssdWrittenBytes: medium.name === "ssd" ? data.writtenBytesPerMonth * copies * scale : 0,
    },
    { joules, embodied },
    context,
  );
}

/** The sum of stages: known only when every stage is. */
export function sumCosts(stages: readonly StageCost[]): StageCost {
  const sum = (pick: (s: StageCost) => Known) =>
    mapKnown(stages.map(pick), (parts) => parts.length === 0 ? ZERO : addPriced(parts));
  return {
    joules: sum((s) => s.joules),
    operational: sum((s) => s.operational),
    embodied: sum((s) => s.embodied),
    grams: sum((s) => s.grams),
    usd: sum((s) => s.usd),
    storedGrams: sum((s) => s.storedGrams),
    wear: sum((s) => s.wear),
    ssdWrittenBytes: stages.reduce((a, s) => a + s.ssdWrittenBytes, 0),
  };
}
