import { HOURS_PER_YEAR } from "./units.ts";

/**
 * Embodied carbon by reserved time and share (F7): total x hours / life x share.
 *
 * @param share Share of the resource that is reserved: GPUs by count, DRAM and SSD by bytes.
 */
export function embodiedByTime(
  totalGrams: number,
  hours: number,
  lifeHours: number,
  share = 1,
): number {
  return totalGrams * (hours / lifeHours) * share;
}

/** Life in hours from years of 8760 h. */
export function lifeHoursOfYears(years: number): number {
  return years * HOURS_PER_YEAR;
}

/** Rated terabytes written (F12): DWPD x capacity x 365 x warranty years; the unit of the capacity. */
export function ratedWrites(dwpd: number, capacity: number, warrantyYears: number): number {
  return dwpd * capacity * 365 * warrantyYears;
}

/**
 * How bytes become wear (F8 and the write-amplification trap). TBW is rated in HOST bytes under the
 * JEDEC workload, whose own amplification is already inside: multiplying host bytes by the measured
 * amplification as well counts it twice.
 */
export type WearMethod =
  | { readonly method: "host-over-tbw"; readonly hostBytes: number; readonly tbwBytes: number }
  | {
    readonly method: "nand-over-endurance";
    readonly nandBytes: number;
    readonly programEraseCycles: number;
    readonly rawBytes: number;
  }
  | {
    readonly method: "amplified-over-rated";
    readonly hostBytes: number;
    readonly writeAmplification: number;
    readonly tbwBytes: number;
    readonly ratedWriteAmplification: number;
  };

/** Share of the drive's rated life that the writes use: 0.01 is one percent. */
export function wearRatio(wear: WearMethod): number {
  switch (wear.method) {
    case "host-over-tbw":
      return wear.hostBytes / wear.tbwBytes;
    case "nand-over-endurance":
      return wear.nandBytes / (wear.programEraseCycles * wear.rawBytes);
    case "amplified-over-rated":
      return wear.hostBytes * wear.writeAmplification /
        (wear.tbwBytes * wear.ratedWriteAmplification);
  }
}

/** Embodied carbon by wear (F8). */
export function embodiedByWear(totalGrams: number, wear: WearMethod): number {
  return totalGrams * wearRatio(wear);
}

/**
 * Effective life of a drive in hours (F9): the shorter of its service life and of the time its writes
 * leave it. The rate is the DRIVE's mean (SMART: host bytes / power-on hours), a job's own rate only
 * when the job is alone on the drive; bytes an hour in the unit of `tbwBytes`.
 */
export function effectiveLifeHours(
  lifeHours: number,
  tbwBytes: number,
  driveBytesPerHour: number,
): number {
  return driveBytesPerHour > 0 ? Math.min(lifeHours, tbwBytes / driveBytesPerHour) : lifeHours;
}

/**
 * What of a drive is used up by the binding constraint (F9): conserves, since a drive is used up exactly once.
 *
 * @param input.total Of the whole drive: grams of carbon, dollars, or gigabytes; `used` is in the same unit.
 */
export function usedByBinding(input: {
  readonly total: number;
  readonly hours: number;
  readonly lifeHours: number;
  readonly tbwBytes: number;
  readonly driveBytesPerHour: number;
  readonly share?: number;
}): { used: number; effectiveLifeHours: number; binding: "time" | "wear" } {
  const life = effectiveLifeHours(input.lifeHours, input.tbwBytes, input.driveBytesPerHour);
  return {
    used: embodiedByTime(input.total, input.hours, life, input.share),
    effectiveLifeHours: life,
    binding: life < input.lifeHours ? "wear" : "time",
  };
}

/** Embodied carbon of a written unit (F14): total over rated writes, grams a GB when TBW is in GB. */
export function writeGrams(totalGrams: number, tbw: number): number {
  return totalGrams / tbw;
}

/** Bytes of NVMe `data_units_written` (F11): thousands of 512-byte sectors. */
export function nvmeDataUnitBytes(dataUnits: number): number {
  return dataUnits * 512_000;
}

/** Write amplification (F10): media bytes over host bytes; null when the host wrote nothing. */
export function writeAmplification(mediaBytes: number, hostBytes: number): number | null {
  return hostBytes > 0 ? mediaBytes / hostBytes : null;
}

/** Days until the rated writes are used up at a mean rate; null when nothing is written. */
export function daysToWearOut(
  tbwBytes: number,
  writtenBytes: number,
  bytesPerDay: number,
): number | null {
  return bytesPerDay > 0 ? Math.max(0, tbwBytes - writtenBytes) / bytesPerDay : null;
}

/**
 * Embodied carbon of a host without the DRAM and SSD that a tier policy prices itself; 0 when the parts
 * outweigh the published total.
 */
export function hostWithoutMemory(
  hostGrams: number,
  parts: readonly { readonly gigabytes: number; readonly gramsPerGb: number }[],
): number {
  return Math.max(0, parts.reduce((rest, p) => rest - p.gigabytes * p.gramsPerGb, hostGrams));
}
