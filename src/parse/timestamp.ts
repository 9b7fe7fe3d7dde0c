/** A wall-clock time as whole seconds since 1970 (UTC) and nanoseconds of the second. */
export interface WallTime {
  readonly seconds: number;
  readonly nanos: number;
}

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/;

/**
 * Parses `2023-11-16 18:17:03.9799600`, also with `T`, a zone, and up to nine fractional digits. Without a
 * zone it is UTC. Null when the text is no such time, or names a day that does not exist.
 */
export function parseWallTime(text: string): WallTime | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const ms = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second);
  const date = new Date(ms);
  const exists = date.getUTCMonth() === +month - 1 && date.getUTCDate() === +day && +hour < 24 &&
    +minute < 60 && +second < 60;
  if (!exists) return null;
  let offset = 0;
  if (zone !== undefined && zone !== "Z" && zone !== "UTC") {
    const digits = zone.replace(/[+:-]/g, "");
    offset = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60;
    if (zone.startsWith("-")) offset = -offset;
  }
  return { seconds: ms / 1000 - offset, nanos: Number((fraction ?? "").padEnd(9, "0")) };
}
