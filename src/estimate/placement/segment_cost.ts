import type { FactorSet } from "../factors/coefficient.ts";
import { egressUsd } from "../egress.ts";
import {
  BYTES_PER_GB,
  BYTES_PER_GIB,
  HOURS_PER_MONTH,
  JOULES_PER_KWH,
  SECONDS_PER_HOUR,
  SECONDS_PER_MONTH,
} from "../formulas/units.ts";
import type { DataClass, Segment } from "./data_class.ts";
import { lifeMonths, type Medium, type Priced } from "./media.ts";

/** What a part of a class costs in a month on a medium; null where a price or the grid is not known. */
export interface PlacedCost {
  readonly usd: Priced | null;
  /** Operational and embodied together. */
  readonly grams: Priced | null;
  readonly operational: Priced | null;
  readonly embodied: Priced;
  /** IT energy. */
  readonly joules: Priced;
  /** Embodied carbon of the writes alone: what a decision about owned drives can still change. */
  readonly wear: Priced;
}

/** The sum of several formulas, as a formula. */
export function addPriced(parts: readonly Priced[]): Priced {
  return {
    ids: [...new Set(parts.flatMap((p) => p.ids))],
    value: (get) => parts.reduce((sum, p) => sum + p.value(get), 0),
  };
}

/** A formula times a number. */
export function timesPriced(priced: Priced, factor: number): Priced {
  return { ids: priced.ids, value: (get) => priced.value(get) * factor };
}

/** Dollars of wear beyond the depreciation by time: the larger of the two binds (F9). */
function extraWear(wear: NonNullable<Medium["wearUsd"]>, gb: number, writtenGb: number): Priced {
  return {
    ids: [...wear.capexPerGbMonth.ids, ...wear.perGbWritten.ids],
    value: (get) =>
      Math.max(0, writtenGb * wear.perGbWritten.value(get) - gb * wear.capexPerGbMonth.value(get)),
  };
}

/** Bytes a second that a segment needs: the stated peak by share of reads, or the mean of its traffic. */
function bandwidthOf(data: DataClass, segment: Segment, copies: number): number {
  if (data.bandwidth !== undefined) {
    const share = data.readBytesPerMonth > 0 ? segment.readsShare : segment.bytesShare;
    return data.bandwidth * share;
  }
  return (data.writtenBytesPerMonth * segment.bytesShare * copies +
    data.readBytesPerMonth * segment.readsShare) / SECONDS_PER_MONTH;
}

/** Bytes that a segment occupies on a medium: its copies, or more where its bandwidth needs more drives. */
export function occupiedBytes(data: DataClass, segment: Segment, medium: Medium): number {
  const copies = medium.keepsCopies ? 1 : data.copies;
  return Math.max(
    data.bytes * segment.bytesShare * copies,
    bandwidthOf(data, segment, copies) / medium.bytesPerSecondPerGb * BYTES_PER_GB,
  );
}

/** What one segment of a class costs on one medium in a month (F13, F14, F21). */
export function segmentCost(
  data: DataClass,
  segment: Segment,
  medium: Medium,
  factors: FactorSet,
): PlacedCost {
  const copies = medium.keepsCopies ? 1 : data.copies;
  const written = data.writtenBytesPerMonth * segment.bytesShare * copies;
  const readBytes = data.readBytesPerMonth * segment.readsShare;
  const bytes = occupiedBytes(data, segment, medium);
  const gb = bytes / BYTES_PER_GB;
  const writtenGb = written / BYTES_PER_GB;
  const movedGb = (written + readBytes) / BYTES_PER_GB;
  const moved = medium.joulesPerGbMoved;
  const joules: Priced = {
    ids: [...medium.wattsPerGb.ids, ...(moved === null || movedGb === 0 ? [] : moved.ids)],
    value: (get) =>
      gb * medium.wattsPerGb.value(get) * HOURS_PER_MONTH * SECONDS_PER_HOUR +
      (moved === null || movedGb === 0 ? 0 : movedGb * moved.value(get)),
  };
  const wear: Priced = medium.writeGramsPerGb === null
    ? { ids: [], value: () => 0 }
    : timesPriced(medium.writeGramsPerGb, writtenGb);
  // The binding constraint of F9, a month: the larger of the time share and the wear share.
  const embodied: Priced = {
    ids: [...medium.embodiedGramsPerGb.ids, ...lifeMonths.ids, ...wear.ids],
    value: (get) =>
      Math.max(
        gb * medium.embodiedGramsPerGb.value(get) / lifeMonths.value(get),
        wear.value(get),
      ),
  };
  const operational: Priced | null = factors.has("site.grid") && factors.has("site.pue")
    ? {
      ids: [...joules.ids, "site.pue", "site.grid"],
      value: (get) => joules.value(get) / JOULES_PER_KWH * get("site.pue") * get("site.grid"),
    }
    : null;
  return {
    usd: usdOf(data, medium, { bytes, written, readBytes, movedGb, segment }, factors),
    grams: operational === null ? null : addPriced([operational, embodied]),
    operational,
    embodied,
    joules,
    wear,
  };
}

interface Amounts {
  readonly bytes: number;
  readonly written: number;
  readonly readBytes: number;
  readonly movedGb: number;
  readonly segment: Segment;
}

function usdOf(
  data: DataClass,
  medium: Medium,
  { bytes, written, readBytes, movedGb, segment }: Amounts,
  factors: FactorSet,
): Priced | null {
  if (medium.usdPerGbMonth === null) return null;
  const unit = medium.billedInGib ? BYTES_PER_GIB : BYTES_PER_GB;
  const objectBytes = Math.max(1, data.objectBytes);
  const padding = Math.max(1, medium.minimumObjectBytes / objectBytes);
  // An object kept for less than the minimum is billed for the minimum.
  const duration = Math.max(1, medium.minimumDays * 86_400 / Math.max(1, data.retentionSeconds));
  const puts = Math.ceil(written / objectBytes);
  const gets = Math.ceil(readBytes / objectBytes);
  const moved = medium.joulesPerGbMoved;
  // Energy of holding is inside the price of an owned GB-month; that of moving is not.
  const moving = medium.keepsCopies || moved === null || movedGb === 0 ||
      !factors.has("electricity.usd_per_kwh") || !factors.has("site.pue")
    ? null
    : {
      ids: [...moved.ids, "site.pue", "electricity.usd_per_kwh"],
      value: (get: (id: string) => number) =>
        movedGb * moved.value(get) / JOULES_PER_KWH * get("site.pue") *
        get("electricity.usd_per_kwh"),
    };
  const egress = data.egressBytesPerMonth * segment.readsShare;
  return addPriced([
    timesPriced(medium.usdPerGbMonth, bytes / unit * padding * duration),
    ...(moving === null ? [] : [moving]),
    ...(medium.wearUsd === null
      ? []
      : [extraWear(medium.wearUsd, bytes / BYTES_PER_GB, written / BYTES_PER_GB)]),
    ...(medium.usdPerThousandWrites === null
      ? []
      : [timesPriced(medium.usdPerThousandWrites, puts / 1000)]),
    ...(medium.usdPerThousandReads === null
      ? []
      : [timesPriced(medium.usdPerThousandReads, gets / 1000)]),
    ...(medium.usdPerGbRead === null ? [] : [timesPriced(medium.usdPerGbRead, readBytes / unit)]),
    ...(egress > 0 && medium.keepsCopies ? [egressUsd(egress)] : []),
  ]);
}
