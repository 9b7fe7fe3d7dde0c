import type { Usage } from "../../model/usage.ts";
import type { FactorSet } from "../factors/coefficient.ts";

export interface DriveRate {
  /** Mean host bytes an hour of all drives over their lives so far. */
  readonly bytesPerHour: number;
  readonly lifetimeHostBytes: number;
  /** Of the drive that has been powered longest. */
  readonly powerOnHours: number;
}

/**
 * The drives' own mean write rate by SMART (P2b): what a shared drive is used up by, whoever runs on it. Null
 * where no log was read or the machine's endurance is unknown; then the job's own rate must do.
 */
export function driveRate(usage: Usage, factors: FactorSet): DriveRate | null {
  const drives = usage.measured?.drives ?? [];
  if (drives.length === 0 || !factors.has("drives.tbw_bytes")) return null;
  return {
    bytesPerHour: drives.reduce((a, d) => a + d.lifetimeHostBytes / d.powerOnHours, 0),
    lifetimeHostBytes: drives.reduce((a, d) => a + d.lifetimeHostBytes, 0),
    powerOnHours: Math.max(...drives.map((d) => d.powerOnHours)),
  };
}
