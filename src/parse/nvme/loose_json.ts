import { dataError, messageOf } from "../../model/errors.ts";

export type Loose = Record<string, unknown>;

/** The value as an object; anything else as an empty one. */
export function looseRecord(value: unknown): Loose {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value as Loose : {};
}

/**
 * A non-negative number: tools print counters as numbers, as decimal strings (nvme-cli 2.3), with a fraction,
 * with thousands separators, and 128-bit ones as `{hi, lo}`.
 */
export function looseCounter(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : null;
  if (typeof value === "string") {
    const text = value.trim().replace(/,/g, "");
    return /^\d+(\.\d+)?$/.test(text) || /^0x[0-9a-f]+$/i.test(text) ? Number(text) : null;
  }
  if (value === null || typeof value !== "object") return null;
  const { hi, lo } = looseRecord(value);
  const high = looseCounter(hi ?? null);
  const low = looseCounter(lo ?? null);
  return hi === undefined || high === null || low === null ? null : high * 2 ** 64 + low;
}

/**
 * The first JSON object of a text: tools print warnings before it.
 *
 * @throws data error with the tool's own words when there is none, or when it is cut short.
 */
export function jsonObject(text: string, label: string): Loose {
  const start = text.indexOf("{");
  if (start < 0) {
    throw dataError(
      `${label}: no JSON, it says "${text.trim().split("\n")[0]?.slice(0, 80) ?? ""}"`,
      "run the tool by itself and follow its advice",
    );
  }
  try {
    return looseRecord(JSON.parse(text.slice(start)));
  } catch (error) {
    throw dataError(`${label}: the JSON is cut short or damaged (${messageOf(error)})`);
  }
}
