import type { FactorSet } from "../factors/coefficient.ts";
import { BYTES_PER_GB, BYTES_PER_GIB, JOULES_PER_KWH } from "../formulas/units.ts";
import { tierGramsPerGbMonth } from "../formulas/tiers.ts";
import { factorVariables } from "../factors/variables.ts";
import { cornerInterval, type Interval } from "../interval.ts";
import { lifeMonths, mediaOf, type Medium, type Priced } from "./media.ts";
import { timesPriced } from "./segment_cost.ts";

/** What a medium costs in each of the ways it is used; null with no price, no wear or no such charge. */
export interface TierPrices {
  readonly medium: string;
  readonly title: string;
  readonly latencySeconds: number;
  readonly copies: number;
  /** Held: operational, embodied, both, in grams a GB-month (F13), and dollars. */
  readonly operationalGramsPerGbMonth: Interval | null;
  readonly embodiedGramsPerGbMonth: Interval;
  readonly gramsPerGbMonth: Interval | null;
  readonly usdPerGbMonth: Interval | null;
  /** Written: wear (F14) and energy of moving; dollars of wear and of nothing else. */
  readonly gramsPerGbWritten: Interval | null;
  readonly usdPerGbWritten: Interval | null;
  readonly gramsPerGbRead: Interval | null;
  readonly usdPerGbRead: Interval | null;
  readonly usdPerThousandWrites: Interval | null;
  readonly usdPerThousandReads: Interval | null;
  readonly minimumDays: number;
  readonly minimumObjectBytes: number;
}

/** Interval of a formula over coefficients. */
export function pricedInterval(priced: Priced, factors: FactorSet): Interval {
  return cornerInterval(priced.value, factorVariables(priced.ids, factors));
}

/** Grams a GB-month of a medium as a formula (F13): operational and embodied, copies included. */
export function holdGrams(medium: Medium, part: "operational" | "embodied" | "total"): Priced {
  return {
    ids: [
      ...medium.wattsPerGb.ids,
      ...medium.embodiedGramsPerGb.ids,
      ...lifeMonths.ids,
      "site.pue",
      "site.grid",
    ],
    value: (get) =>
      tierGramsPerGbMonth(
        {
          wattsPerGb: medium.wattsPerGb.value(get),
          embodiedGramsPerGb: medium.embodiedGramsPerGb.value(get),
          lifeMonths: lifeMonths.value(get),
        },
        get("site.pue"),
        get("site.grid"),
      )[part],
  };
}

function scaledBy(medium: Medium, copies: number): number {
  return medium.keepsCopies ? 1 : copies;
}

/** Every medium's prices at a site. `copies` multiplies media that keep none themselves (P10). */
export function tierPrices(factors: FactorSet, copies = 1): TierPrices[] {
  const carbon = factors.has("site.grid") && factors.has("site.pue");
  const shown = (priced: Priced | null, factor = 1) =>
    priced === null ? null : pricedInterval(timesPriced(priced, factor), factors);
  return mediaOf(factors).map((m) => {
    const n = scaledBy(m, copies);
    const bill = m.billedInGib ? BYTES_PER_GB / BYTES_PER_GIB : 1;
    const moving: Priced | null = m.joulesPerGbMoved === null || !carbon ? null : {
      ids: [...m.joulesPerGbMoved.ids, "site.pue", "site.grid"],
      value: (get) =>
        m.joulesPerGbMoved!.value(get) / JOULES_PER_KWH * get("site.pue") * get("site.grid"),
    };
    const written: Priced | null = m.writeGramsPerGb === null ? moving : {
      ids: [...m.writeGramsPerGb.ids, ...(moving?.ids ?? [])],
      value: (get) => m.writeGramsPerGb!.value(get) + (moving?.value(get) ?? 0),
    };
    const embodied: Priced = {
      ids: [...m.embodiedGramsPerGb.ids, ...lifeMonths.ids],
      value: (get) => m.embodiedGramsPerGb.value(get) / lifeMonths.value(get),
    };
    return {
      medium: m.name,
      title: m.title,
      latencySeconds: m.latencySeconds,
      copies: n,
      operationalGramsPerGbMonth: carbon ? shown(holdGrams(m, "operational"), n) : null,
      embodiedGramsPerGbMonth: shown(embodied, n)!,
      gramsPerGbMonth: carbon ? shown(holdGrams(m, "total"), n) : null,
      usdPerGbMonth: shown(m.usdPerGbMonth, n * bill),
      gramsPerGbWritten: shown(written, n),
      usdPerGbWritten: shown(m.wearUsd?.perGbWritten ?? null, n),
      gramsPerGbRead: shown(moving),
      usdPerGbRead: shown(m.usdPerGbRead, bill),
      usdPerThousandWrites: shown(m.usdPerThousandWrites),
      usdPerThousandReads: shown(m.usdPerThousandReads),
      minimumDays: m.minimumDays,
      minimumObjectBytes: m.minimumObjectBytes,
    };
  });
}
