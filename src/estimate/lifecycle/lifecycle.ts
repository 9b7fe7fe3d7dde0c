import { metric, type Metrics, type MetricUnit, unknownMetric } from "../../model/metric.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import { aggregateSci } from "../formulas/carbon.ts";
import { factorVariables } from "../factors/variables.ts";
import { cornerInterval, type Interval } from "../interval.ts";
import type { Priced } from "../placement/media.ts";
import { addPriced } from "../placement/segment_cost.ts";
import { UNIT_RATES } from "../usage/rates.ts";
import { compareFormulas, describeStability } from "../verdict.ts";
import { type Known, mapKnown, type StageCost, sumCosts } from "./stage_cost.ts";

/** A way to store less in a stage, with the cost of the stage after it. */
export interface StageSaver {
  readonly name: string;
  readonly source: string;
  readonly lossy: boolean;
  readonly price: string | null;
  readonly after: StageCost;
}

/** A stage of a life, priced. */
export interface LifeStage {
  readonly name: string;
  readonly site: string;
  readonly cost: StageCost;
  readonly units: Readonly<Record<string, number>>;
  readonly savers: readonly StageSaver[];
}

export interface LifecycleRow {
  readonly name: string;
  readonly site: string;
  readonly metrics: Metrics;
  /** Share of the life's carbon by the middle figures; null when unknown. */
  readonly carbonShare: number | null;
  /** Of the stage's own carbon, the part of memory and storage. */
  readonly storedShare: number | null;
}

export interface LifecycleSaving {
  readonly stage: string;
  readonly name: string;
  readonly source: string;
  readonly lossy: boolean;
  readonly price: string | null;
  readonly savedGrams: Interval | null;
  readonly savedUsd: Interval | null;
  /** Of the whole life's carbon, by the middle figures. */
  readonly shareOfLife: number | null;
}

export interface Lifecycle {
  readonly rows: readonly LifecycleRow[];
  readonly total: LifecycleRow;
  readonly rates: Metrics;
  readonly savings: readonly LifecycleSaving[];
  readonly verdicts: readonly string[];
  /** Ids of every coefficient that the total reads. */
  readonly coefficients: readonly string[];
}

const COLUMNS: readonly (readonly [string, MetricUnit, (c: StageCost) => Known])[] = [
  ["energy_joules", "joules", (c) => c.joules],
  ["operational_grams_co2e", "gramsCo2e", (c) => c.operational],
  ["embodied_grams_co2e", "gramsCo2e", (c) => c.embodied],
  ["total_grams_co2e", "gramsCo2e", (c) => c.grams],
  ["stored_grams_co2e", "gramsCo2e", (c) => c.storedGrams],
  ["ssd_wear_grams_co2e", "gramsCo2e", (c) => c.wear],
  ["total_usd", "usd", (c) => c.usd],
];

function intervalOf(priced: Priced, factors: FactorSet): Interval {
  return cornerInterval(priced.value, factorVariables(priced.ids, factors));
}

function midOf(known: Known, factors: FactorSet): number | null {
  return "reason" in known ? null : known.priced.value((id) => factors.get(id)!.value);
}

function rowOf(
  name: string,
  site: string,
  cost: StageCost,
  factors: FactorSet,
  life: number | null,
): LifecycleRow {
  const metrics: Metrics = {};
  for (const [id, unit, pick] of COLUMNS) {
    const known = pick(cost);
    if ("reason" in known) {
      metrics[id] = unknownMetric(unit, "assumed", known.reason);
      continue;
    }
    const { low, mid, high } = intervalOf(known.priced, factors);
    metrics[id] = metric(mid, unit, "assumed", { low, high });
  }
  metrics.ssd_written_bytes = metric(cost.ssdWrittenBytes, "bytes", "assumed");
  const own = midOf(cost.grams, factors);
  const stored = midOf(cost.storedGrams, factors);
  return {
    name,
    site,
    metrics,
    carbonShare: own === null || life === null || life === 0 ? null : own / life,
    storedShare: own === null || stored === null || own === 0 ? null : stored / own,
  };
}

/** Rates of the whole life over what it produced: sum over sum (F6), never a mean of ratios. */
function ratesOf(stages: readonly LifeStage[], total: StageCost, factors: FactorSet): Metrics {
  const rates: Metrics = {};
  const sums: readonly (readonly [string, Known, MetricUnit])[] = [
    ["energy_joules", total.joules, "joules"],
    ["total_grams_co2e", total.grams, "gramsCo2e"],
    ["total_usd", total.usd, "usd"],
  ];
  for (const rate of UNIT_RATES) {
    const units = stages.reduce((a, s) => a + (s.units[rate.functionalUnit] ?? 0), 0);
    const found = sums.find(([id]) => id === rate.metric);
    if (found === undefined || units === 0) continue;
    const [, known, unit] = found;
    if ("reason" in known) {
      rates[rate.id] = unknownMetric(unit, "assumed", known.reason);
      continue;
    }
    const { low, mid, high } = intervalOf(known.priced, factors);
    const over = (grams: number) => aggregateSci([{ grams, functionalUnits: units / rate.per }])!;
    rates[rate.id] = metric(over(mid), unit, "assumed", { low: over(low), high: over(high) });
  }
  return rates;
}

function savingsOf(
  stages: readonly LifeStage[],
  factors: FactorSet,
  life: number | null,
): LifecycleSaving[] {
  const minus = (before: Known, after: Known): Interval | null => {
    const difference = mapKnown([before, after], ([b, a]) => ({
      ids: [...b.ids, ...a.ids],
      value: (get) => b.value(get) - a.value(get),
    }));
    return "reason" in difference ? null : intervalOf(difference.priced, factors);
  };
  const savings = stages.flatMap((stage) =>
    stage.savers.map(({ after, ...saver }): LifecycleSaving => {
      const savedGrams = minus(stage.cost.grams, after.grams);
      return {
        stage: stage.name,
        ...saver,
        savedGrams,
        savedUsd: minus(stage.cost.usd, after.usd),
        shareOfLife: savedGrams === null || life === null || life === 0
          ? null
          : savedGrams.mid / life,
      };
    })
  );
  return savings.sort((a, b) => (b.savedGrams?.mid ?? 0) - (a.savedGrams?.mid ?? 0));
}

/** Is the largest stage the largest whatever the coefficients are? And does storage outweigh anything? */
function verdictsOf(stages: readonly LifeStage[], factors: FactorSet): string[] {
  const known = stages.flatMap((s) =>
    "reason" in s.cost.grams ? [] : [{ s, p: s.cost.grams.priced }]
  )
    .sort((a, b) => midOf({ priced: b.p }, factors)! - midOf({ priced: a.p }, factors)!);
  if (known.length < 2) return [];
  const [first, second] = known;
  // "Lower" is the word of the sentence: the second is the one that may be lower than the first.
  const result = compareFormulas(
    second.p.value,
    first.p.value,
    factorVariables([...first.p.ids, ...second.p.ids], factors),
  );
  return [
    `${first.s.name} emits most; ${second.s.name}, the second, against it: ` +
    describeStability(result, (id) => factors.get(id)?.unit ?? ""),
  ];
}

/** One table over the stages of a model's life: each stage, the sum, rates, and what storing less saves. */
export function lifecycleOf(stages: readonly LifeStage[], factors: FactorSet): Lifecycle {
  const total = sumCosts(stages.map((s) => s.cost));
  const life = midOf(total.grams, factors);
  const used = mapKnown([total.grams, total.usd], addPriced);
  const ids = "reason" in used
    ? stages.flatMap((s) =>
      [s.cost.grams, s.cost.usd, s.cost.joules].flatMap((k) => "reason" in k ? [] : k.priced.ids)
    )
    : used.priced.ids;
  return {
    rows: stages.map((s) => rowOf(s.name, s.site, s.cost, factors, life)),
    total: rowOf("whole life", "", total, factors, life),
    rates: ratesOf(stages, total, factors),
    savings: savingsOf(stages, factors, life),
    verdicts: verdictsOf(stages, factors),
    coefficients: [...new Set(ids)],
  };
}
