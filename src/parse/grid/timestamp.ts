const FORM =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/;

/**
 * Unix seconds of an ISO 8601 timestamp; a year and month or a date alone mean their start. A time
 * without a zone is UTC: never the local time of whoever reads it. Null when the text is no time.
 */
export function unixSeconds(text: string): number | null {
  const m = FORM.exec(text.trim());
  if (m === null) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) =>
    m[i] === undefined ? (i === 2 || i === 3 ? 1 : 0) : Number(m[i])
  );
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) {
    return null;
  }
  const zone = m[7];
  let offset = 0;
  if (zone !== undefined && zone !== "Z" && zone !== "UTC") {
    const digits = zone.slice(1).replace(":", "");
    offset = (zone[0] === "-" ? -1 : 1) *
      (Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60);
  }
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(ms).getUTCDate() !== day && hour < 24) return null;
  return ms / 1000 - offset;
}
