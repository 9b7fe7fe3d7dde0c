const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/**
 * Milliseconds since 1970 of `Fri Feb 13 19:57:26 2026` (ctime, taken as UTC: the tool prints no zone), or
 * null.
 */
export function parseCtime(text: string): number | null {
  const match = /^\w{3} (\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/.exec(text.trim());
  if (match === null) return null;
  const month = MONTHS.indexOf(match[1]);
  if (month < 0 || month % 3 !== 0) return null;
  const [day, hour, minute, second, year] = match.slice(2).map(Number);
  return Date.UTC(year, month / 3, day, hour, minute, second);
}

/** Milliseconds since 1970 of `2026/07/03 22:11:09.763` as query rows have it, or null. */
export function parseSmiTimestamp(text: string): number | null {
  const match = /^(\d{4})[/-](\d{2})[/-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/.exec(
    text.trim(),
  );
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) + fraction;
}

/** Milliseconds since 1970 of dmon's `-o DT` columns: `20260703` and `22:11:09`, or null. */
export function parseDmonTime(date: string, time: string): number | null {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(date);
  return match === null ? null : parseSmiTimestamp(`${match[1]}/${match[2]}/${match[3]} ${time}`);
}
