import { BYTES_PER_GB, BYTES_PER_GIB } from "./units.ts";

/** One step of a tiered price: the first `upTo` units that no earlier step took. */
export interface PriceTier {
  /** Upper end of the step, cumulative; Infinity for the last one. */
  readonly upTo: number;
  readonly usdPerUnit: number;
}

/**
 * Tiered price (E14): each step prices only what falls into it.
 *
 * @throws {RangeError} when the tiers do not reach the amount.
 */
export function tieredUsd(amount: number, tiers: readonly PriceTier[]): number {
  let usd = 0;
  let from = 0;
  for (const tier of tiers) {
    if (amount <= from) return usd;
    usd += (Math.min(amount, tier.upTo) - from) * tier.usdPerUnit;
    from = tier.upTo;
  }
  if (amount > from) throw new RangeError(`the price tiers end at ${from}, below ${amount}`);
  return usd;
}

/** Dollars a million tokens of a machine that is rented by the hour (E12). */
export function usdPerMillionTokens(
  usdPerHour: number,
  tokensPerHour: number,
  utilisation = 1,
): number {
  return usdPerHour / (tokensPerHour * utilisation / 1e6);
}

export interface ObjectStorePrices {
  readonly usdPerGbMonth: number;
  readonly usdPerThousandPuts: number;
  readonly usdPerThousandGets: number;
  readonly usdPerGbRetrieved?: number;
  /** Days every object is billed at least (30 for IA, 90 for Glacier, 180 for Deep Archive). */
  readonly minimumDays?: number;
  /** Bytes every object is billed at least (128 KiB for IA). */
  readonly minimumObjectBytes?: number;
  /** `GiB` when the bill counts 2^30, as AWS does whatever it writes. */
  readonly billedUnit?: "GB" | "GiB";
}

export interface ObjectStoreUse {
  readonly bytes: number;
  readonly objectBytes: number;
  /** Months of 730 h that the data is held. */
  readonly months: number;
  /** Times the whole set is read. */
  readonly reads: number;
  readonly writes?: number;
}

export interface ObjectStoreCost {
  readonly objects: number;
  readonly storageUsd: number;
  readonly putUsd: number;
  readonly getUsd: number;
  readonly retrievalUsd: number;
  /** Part of `storageUsd` that minimum duration and minimum size add. */
  readonly minimumsUsd: number;
  readonly totalUsd: number;
}

/** What a data set costs in an object store (E13): requests dominate when the objects are small. */
export function objectStoreCost(use: ObjectStoreUse, prices: ObjectStorePrices): ObjectStoreCost {
  const unit = prices.billedUnit === "GB" ? BYTES_PER_GB : BYTES_PER_GIB;
  const objects = Math.ceil(use.bytes / use.objectBytes);
  const billedBytes = Math.max(use.bytes, objects * (prices.minimumObjectBytes ?? 0));
  const billedMonths = Math.max(use.months, (prices.minimumDays ?? 0) / 365 * 12);
  const plain = use.bytes / unit * prices.usdPerGbMonth * use.months;
  const storageUsd = billedBytes / unit * prices.usdPerGbMonth * billedMonths;
  const putUsd = objects * (use.writes ?? 1) * prices.usdPerThousandPuts / 1000;
  const getUsd = objects * use.reads * prices.usdPerThousandGets / 1000;
  const retrievalUsd = use.bytes / unit * use.reads * (prices.usdPerGbRetrieved ?? 0);
  return {
    objects,
    storageUsd,
    putUsd,
    getUsd,
    retrievalUsd,
    minimumsUsd: storageUsd - plain,
    totalUsd: storageUsd + putUsd + getUsd + retrievalUsd,
  };
}

export interface OwnedCost {
  readonly capexUsd: number;
  readonly energyUsd: number;
  readonly totalUsd: number;
}

/** Owned hardware (F21): depreciation by time and the energy at the facility's meter. */
export function ownedUsd(
  capexUsd: number,
  hours: number,
  depreciationHours: number,
  facilityKwh: number,
  usdPerKwh: number,
): OwnedCost {
  const capex = capexUsd * hours / depreciationHours;
  const energy = facilityKwh * usdPerKwh;
  return { capexUsd: capex, energyUsd: energy, totalUsd: capex + energy };
}

/** Traffic between availability zones is billed in each direction. */
export function crossZoneUsd(gigabytes: number, usdPerGbPerDirection: number): number {
  return 2 * gigabytes * usdPerGbPerDirection;
}

/** Block storage with a free allowance of IOPS and throughput (gp3): only what exceeds it is billed. */
export function provisionedVolumeUsd(input: {
  readonly gigabytes: number;
  readonly iops: number;
  readonly megabytesPerSecond: number;
  readonly usdPerGbMonth: number;
  readonly freeIops: number;
  readonly usdPerIopsMonth: number;
  readonly freeMegabytesPerSecond: number;
  readonly usdPerMegabyteSecondMonth: number;
}): number {
  return input.gigabytes * input.usdPerGbMonth +
    Math.max(0, input.iops - input.freeIops) * input.usdPerIopsMonth +
    Math.max(0, input.megabytesPerSecond - input.freeMegabytesPerSecond) *
      input.usdPerMegabyteSecondMonth;
}
