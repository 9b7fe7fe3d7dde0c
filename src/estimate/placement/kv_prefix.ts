import type { FactorSet } from "../factors/coefficient.ts";
import { breakEvenHits } from "../formulas/tiers.ts";
import { BYTES_PER_GB, JOULES_PER_KWH, SECONDS_PER_YEAR } from "../formulas/units.ts";
import { compareFormulas, crossover, describeStability } from "../verdict.ts";
import { factorVariables } from "../factors/variables.ts";
import type { Interval, Reader } from "../interval.ts";
import type { Medium, Priced } from "./media.ts";
import { holdGrams, pricedInterval } from "./tier_prices.ts";

/** A prefix that is stored and reloaded, or thrown away and computed again. */
export interface StoredPrefix {
  readonly bytes: number;
  /** Time of computing it on the GPUs of an instance, and of reloading it to them. */
  readonly recomputeSeconds: number;
  readonly reloadSeconds: number;
  readonly gpus: number;
  readonly gpuKey: string;
  /** Times it is written in a month. */
  readonly writesPerMonth: number;
}

/**
 * The views of section 5, E10b. `operational`: storage pays its embodied carbon, the GPU does not.
 * `inventory`: both sides pay. `decision`: owned hardware is sunk, only energy and wear count.
 */
export type BreakEvenView = "operational" | "inventory" | "decision";

export interface PrefixBreakEven {
  readonly medium: string;
  readonly view: BreakEvenView;
  readonly savedGramsPerHit: Interval;
  readonly holdGramsPerMonth: Interval;
  readonly writeGrams: Interval;
  /** Hits a month above which storing beats recomputing; null where a hit saves nothing at the middle. */
  readonly hitsPerMonth: Interval | null;
  /** Grid intensity at which the stated hits a month break even, 0 to 800 g/kWh; null when nowhere. */
  readonly crossoverGramsPerKwh: number | null;
  /** How firm "storing is greener" is at the stated hits a month. */
  readonly sentence: string;
}

/** Embodied grams a second of one GPU with its eighth of a host (E10b). */
function gpuGramsPerSecond(get: Reader, embodiedId: string): number {
  return (get(embodiedId) + get("host8.embodied") / 8) * 1000 /
    (get("life.years") * SECONDS_PER_YEAR);
}

/** The break-even of a prefix on a medium (F15) in one view, with intervals and the crossover. */
export function prefixBreakEven(
  prefix: StoredPrefix,
  medium: Medium,
  factors: FactorSet,
  view: BreakEvenView,
  hitsPerMonth: number,
): PrefixBreakEven {
  const watts = `gpu.${prefix.gpuKey}.watts`;
  const own = `gpu.${prefix.gpuKey}.embodied`;
  const embodiedId = factors.has(own) ? own : "gpu.generic.embodied";
  const gigabytes = prefix.bytes / BYTES_PER_GB;
  const moved = medium.joulesPerGbMoved;
  const hold = view === "decision" ? holdGrams(medium, "operational") : holdGrams(medium, "total");
  const ids = [
    ...hold.ids,
    ...(medium.writeGramsPerGb?.ids ?? []),
    ...(moved?.ids ?? []),
    watts,
    "gpu.busy_share",
    "gpu.idle_share",
    ...(view === "inventory" ? [embodiedId, "host8.embodied", "life.years"] : []),
  ];
  const at = (get: Reader) =>
    breakEvenHits({
      gigabytes,
      recomputeJoules: prefix.recomputeSeconds * prefix.gpus * get(watts) * get("gpu.busy_share"),
      reloadJoules: prefix.reloadSeconds * prefix.gpus * get(watts) * get("gpu.idle_share") +
        (moved === null ? 0 : gigabytes * moved.value(get)),
      holdGramsPerGbMonth: hold.value(get),
      writeGramsPerGb: (medium.writeGramsPerGb?.value(get) ?? 0) +
        (moved === null
          ? 0
          : moved.value(get) / JOULES_PER_KWH * get("site.pue") * get("site.grid")),
      pue: get("site.pue"),
      gramsPerKwh: get("site.grid"),
      writesPerMonth: prefix.writesPerMonth,
      ...(view === "inventory"
        ? {
          freedSeconds: (prefix.recomputeSeconds - prefix.reloadSeconds) * prefix.gpus,
          embodiedGramsPerSecond: gpuGramsPerSecond(get, embodiedId),
        }
        : {}),
    });
  const priced = (value: (get: Reader) => number): Priced => ({ ids, value });
  const hits = pricedInterval(priced((get) => at(get).hitsPerMonth ?? Infinity), factors);
  const variables = factorVariables(ids, factors);
  const stored = (get: Reader) => {
    const x = at(get);
    return x.holdGramsPerMonth + x.writeGrams * prefix.writesPerMonth;
  };
  const recomputed = (get: Reader) => at(get).savedGramsPerHit * hitsPerMonth;
  const stability = compareFormulas(stored, recomputed, variables);
  return {
    medium: medium.name,
    view,
    savedGramsPerHit: pricedInterval(priced((get) => at(get).savedGramsPerHit), factors),
    holdGramsPerMonth: pricedInterval(priced((get) => at(get).holdGramsPerMonth), factors),
    writeGrams: pricedInterval(priced((get) => at(get).writeGrams), factors),
    hitsPerMonth: Number.isFinite(hits.mid) ? hits : null,
    // At a grid of 0 both sides of the decision view are 0: that is no crossing.
    crossoverGramsPerKwh:
      crossover(stored, recomputed, variables, "site.grid", 0, 800, 2).crossesAt || null,
    sentence: `storing on ${medium.name} against recomputing at ${hitsPerMonth} hits a month: ` +
      describeStability(stability, (id) => factors.get(id)?.unit ?? ""),
  };
}
