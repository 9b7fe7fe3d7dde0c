/** Conversions of the estimate formulas; the only place that says what a kWh, a month or a year is. */

/** 1 kWh is exactly 3.6 MJ. */
export const JOULES_PER_KWH = 3.6e6;
/** 365 days: neither 8640 h (12 x 30 x 24) nor 8766 h. */
export const HOURS_PER_YEAR = 8760;
/** A twelfth of a year: 730 h, not 720 h. */
export const HOURS_PER_MONTH = HOURS_PER_YEAR / 12;
export const SECONDS_PER_HOUR = 3600;
export const SECONDS_PER_YEAR = HOURS_PER_YEAR * SECONDS_PER_HOUR;
export const SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR;
/** Drives, traffic and carbon tables count decimal gigabytes. */
export const BYTES_PER_GB = 1e9;
/** Cloud bills count storage in 2^30 bytes although they write GB. */
export const BYTES_PER_GIB = 2 ** 30;

export function kwhOfJoules(joules: number): number {
  return joules / JOULES_PER_KWH;
}

export function joulesOfKwh(kwh: number): number {
  return kwh * JOULES_PER_KWH;
}

/** Embodied mass per count of things: 6 500 kg over 50e9 tokens is 130 g a million tokens. */
export function gramsPer(kilograms: number, count: number, per: number): number {
  return (kilograms * 1000 / count) * per;
}
