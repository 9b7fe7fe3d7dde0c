import type { FactorSet } from "../factors/coefficient.ts";
import { type DataClass, DEFAULT_SAVERS, type Saver, type Segment } from "./data_class.ts";
import { lifeMonths, type Medium, type Priced } from "./media.ts";
import type { PlacementGoal } from "./place.ts";
import { addPriced, type PlacedCost, segmentCost } from "./segment_cost.ts";

/** What one way to store less saves, by the middle figures. */
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
): number | null {
  const segments: readonly Segment[] = data.segments.length === 0
    ? [{ name: "all", bytesShare: 1, readsShare: 1 }]
    : data.segments;
  const parts = segments.map((segment, s) => of(segmentCost(data, segment, media[s], factors)));
  if (parts.some((p) => p === null)) return null;
  return addPriced(parts as Priced[]).value((id) => factors.get(id)!.value);
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
    const saved = (of: (cost: PlacedCost) => Priced | null): number | null => {
      const before = billOf(data, media, factors, of);
      const after = billOf(less, media, factors, of);
      return before === null || after === null ? null : before - after;
    };
    const usd = saved((c) => c.usd);
    const grams = saved((c) => c.grams);
    return {
      name: saver.name,
      source: saver.source,
      lossy: saver.lossy,
      price: saver.price ?? null,
      savedUsdPerMonth: usd,
      savedGramsPerMonth: grams,
      savedUsdOverLife: usd === null ? null : usd * life,
      savedGramsOverLife: grams === null ? null : grams * life,
    };
  });
  const worth = (r: SaverResult) =>
    (goal === "total_usd" ? r.savedUsdPerMonth : r.savedGramsPerMonth) ?? 0;
  return results.sort((a, b) => worth(b) - worth(a));
}
