import type { Usage } from "../../model/usage.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import { embodiedByTime, lifeHoursOfYears, usedByBinding } from "../formulas/embodied.ts";
import { BYTES_PER_GB, SECONDS_PER_HOUR } from "../formulas/units.ts";
import type { Formula } from "../interval.ts";

export interface DriveRate {
  readonly device: string;
  /** Mean host bytes an hour over the drive's life so far. */
  readonly bytesPerHour: number;
  readonly lifetimeHostBytes: number;
  readonly powerOnHours: number;
}

export interface DriveRates {
  readonly drives: readonly DriveRate[];
  /** Drives of the machine: those with a log, or more where the hardware profile has more. */
  readonly count: number;
  /** Coefficients of the drives that formulas over these rates read. */
  readonly ids: readonly string[];
}

/**
 * The drives' own mean write rates by SMART (P2b): what a shared drive is used up by, whoever runs on it.
 * Null where no log was read or the machine's endurance is unknown; then the job's own rate must do.
 */
export function driveRates(usage: Usage, factors: FactorSet): DriveRates | null {
  const drives = usage.measured?.drives ?? [];
  if (drives.length === 0 || !factors.has("drives.tbw_bytes")) return null;
  return {
    drives: drives.map((d) => ({ ...d, bytesPerHour: d.lifetimeHostBytes / d.powerOnHours })),
    count: Math.max(drives.length, factors.get("drives.count")?.value ?? 0),
    ids: [
      "drives.capacity_bytes",
      "drives.tbw_bytes",
      ...(factors.has("drives.count") ? ["drives.count"] : []),
    ],
  };
}

/**
 * Gigabytes of drive life that a stretch of time uses up (F9): each drive by time or by its own writes,
 * whichever binds it. A machine's drives are alike, and one without a log is taken to age by time.
 *
 * @param lifeId Coefficient of the life in years: of service for carbon, of depreciation for money.
 */
export function usedUpGb({ drives, count }: DriveRates, seconds: number, lifeId: string): Formula {
  const hours = seconds / SECONDS_PER_HOUR;
  return (get) => {
    const gigabytes = get("drives.capacity_bytes") / BYTES_PER_GB / count;
    const tbwBytes = get("drives.tbw_bytes") / count;
    const lifeHours = lifeHoursOfYears(get(lifeId));
    return drives.reduce(
      (sum, d) =>
        sum +
        usedByBinding({
          total: gigabytes,
          hours,
          lifeHours,
          tbwBytes,
          driveBytesPerHour: d.bytesPerHour,
        }).used,
      (count - drives.length) * embodiedByTime(gigabytes, hours, lifeHours),
    );
  };
}
