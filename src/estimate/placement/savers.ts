import type { FactorSet } from "../factors/coefficient.ts";
import { type DataClass, DEFAULT_SAVERS, type Saver, segmentsOf } from "./data_class.ts";
import { lifeMonths, type Medium, type Priced } from "./media.ts";
import type { Interval } from "../interval.ts";
import type { PlacementGoal } from "./place.ts";
import { addPriced, type PlacedCost, segmentCost } from "./segment_cost.ts";
import { pricedInterval } from "./tier_prices.ts";

/** What one way to store less saves: by the middle figures, and over the life from low to high. */
export interface SaverResult {
  readonly name: string;
  readonly source: string;
  readonly lossy: boolean;
  /** What it costs elsewhere, in words; null when nothing. */
  readonly price: string | null;
  readonly savedUsdPerMonth: number | null;
  readonly savedGramsPerMonth: number | null;
  readonly savedUsdOverLife: number | null;
  readonly savedGramsOverLife: number | null;
  /** Over the life, from low to high. */
  readonly savedUsdInterval: Interval | null;
  readonly savedGramsInterval: Interval | null;
}

/** The class after a way to store less: fewer bytes held, written and read, kept for a shorter time. */
export function afterSaver(data: DataClass, saver: Saver): DataClass {
  return {
    ...data,
    bytes: data.bytes * saver.heldFactor,
    writtenBytesPerMonth: data.writtenBytesPerMonth * saver.writtenFactor,
    readBytesPerMonth: data.readBytesPerMonth * saver.readFactor,
    egressBytesPerMonth: data.egressBytesPerMonth * saver.readFactor,
    retentionSeconds: data.retentionSeconds * saver.retentionFactor,
    ...(data.bandwidth === undefined ? {} : { bandwidth: data.bandwidth * saver.bandwidthFactor }),
  };
}

/** Ways to store less of a class: its own list, else those of its kind. */
export function saversFor(data: DataClass): readonly Saver[] {
  return data.savers ?? DEFAULT_SAVERS[data.kind];
}

function billOf(
  data: DataClass,
  media: readonly Medium[],
  factors: FactorSet,
  of: (cost: PlacedCost) => Priced | null,
): Priced | null {
  const parts = segmentsOf(data).map((segment, s) =>
    of(segmentCost(data, segment, media[s], factors))
  );
  return parts.some((p) => p === null) ? null : addPriced(parts as Priced[]);
}

/** What is saved over the service life, the coefficients of before and after tied. */
function savedOverLife(before: Priced, after: Priced): Priced {
  return {
    ids: [...before.ids, ...after.ids, ...lifeMonths.ids],
    value: (get) => (before.value(get) - after.value(get)) * lifeMonths.value(get),
  };
}

/**
 * What each way to store less saves on the media chosen, a month and over the service life of the
 * hardware; the one that saves most of the goal first. A shorter retention on a medium with a minimum
 * duration may save nothing: that is computed, not assumed.
 *
 * @param media The medium of each segment.
 */
export function saversOf(
  data: DataClass,
  factors: FactorSet,
  goal: PlacementGoal,
  media: readonly Medium[],
): SaverResult[] {
  const life = lifeMonths.value((id) => factors.get(id)!.value);
  const results = saversFor(data).map((saver): SaverResult => {
    const less = afterSaver(data, saver);
    const saved = (of: (cost: PlacedCost) => Priced | null): Interval | null => {
      const before = billOf(data, media, factors, of);
      const after = billOf(less, media, factors, of);
      return before === null || after === null
        ? null
        : pricedInterval(savedOverLife(before, after), factors);
    };
    const usd = saved((c) => c.usd);
    const grams = saved((c) => c.grams);
    return {
      name: saver.name,
      source: saver.source,
      lossy: saver.lossy,
      price: saver.price ?? null,
      savedUsdPerMonth: usd === null ? null : usd.mid / life,
      savedGramsPerMonth: grams === null ? null : grams.mid / life,
      savedUsdOverLife: usd === null ? null : usd.mid,
      savedGramsOverLife: grams === null ? null : grams.mid,
      savedUsdInterval: usd,
      savedGramsInterval: grams,
    };
  });
  const worth = (r: SaverResult) =>
    (goal === "total_usd" ? r.savedUsdPerMonth : r.savedGramsPerMonth) ?? 0;
  return results.sort((a, b) => worth(b) - worth(a));
}
