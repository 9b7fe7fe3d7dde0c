import { usageError } from "./errors.ts";

/** The only file that multiplies by 1000 or 1024. GB is 10^9, GiB is 2^30; both parse, and printing says which. */

const BYTE_FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  p: 1e15,
  pb: 1e15,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
  pi: 2 ** 50,
  pib: 2 ** 50,
};

const SECOND_FACTORS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  "µs": 1e-6,
  ms: 1e-3,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86400,
  w: 604_800,
  y: 31_536_000,
};

/**
 * Parses a size such as `40GiB`, `1.5 TB` or `4096` into an exact number of bytes.
 *
 * @param where What is being parsed, for the error message (`--capacity`).
 * @throws {SpillwayError} usage error when the text is no size or the result is not a whole number of bytes.
 * @example
 * ```ts
 * parseBytes("2KiB"); // 2048
 * ```
 */
export function parseBytes(text: string, where = "size"): number {
  const match = /^\s*([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)\s*([a-z]*)\s*$/i.exec(text);
  const factor = match === null ? undefined : BYTE_FACTORS[match[2].toLowerCase()];
  if (match === null || factor === undefined) {
    throw usageError(
      `${where}: "${text}" is not a size`,
      "write a number with a unit, such as 512MiB, 40GiB or 1.5TB",
    );
  }
  const bytes = Number(match[1]) * factor;
  const whole = Math.round(bytes);
  if (!Number.isSafeInteger(whole) || Math.abs(bytes - whole) > 1e-6 * Math.max(1, bytes)) {
    throw usageError(`${where}: "${text}" is not a whole number of bytes below 2^53`);
  }
  return whole;
}

/** Parses a rate such as `25GB/s` into bytes a second. */
export function parseRate(text: string, where = "rate"): number {
  return parseBytes(text.replace(/\s*(\/s|ps)\s*$/i, ""), where);
}

/**
 * Parses a duration such as `100ms`, `1.5h`, `2m30s`, `1y` (365 days) or `7` (seconds) into seconds.
 *
 * @throws {SpillwayError} usage error when the text is no duration.
 */
export function parseSeconds(text: string, where = "duration"): number {
  const trimmed = text.trim();
  if (/^[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/i.test(trimmed)) return Number(trimmed);
  const part = /\s*([0-9]+(?:\.[0-9]+)?)\s*(ns|us|µs|ms|sec|min|s|m|h|d|w|y)/gy;
  let seconds = 0;
  let end = 0;
  for (let m = part.exec(trimmed); m !== null; m = part.exec(trimmed)) {
    seconds += Number(m[1]) * SECOND_FACTORS[m[2]];
    end = part.lastIndex;
  }
  if (end === 0 || end !== trimmed.length) {
    throw usageError(
      `${where}: "${text}" is not a duration`,
      "write a number with a unit, such as 100ms, 30s, 2m30s or 1.5h",
    );
  }
  return seconds;
}

/** Parses a duration into integer nanoseconds. */
export function parseNanoseconds(text: string, where = "duration"): number {
  return Math.round(parseSeconds(text, where) * 1e9);
}

function scaled(value: number, base: number, suffixes: readonly string[]): string {
  let exponent = 0;
  let rest = Math.abs(value);
  while (rest >= base && exponent < suffixes.length - 1) {
    rest /= base;
    exponent++;
  }
  // Rounding may carry into the next unit: 1023.96 KiB prints as 1 MiB, not 1024 KiB.
  if (Number(rest.toPrecision(4)) >= base && exponent < suffixes.length - 1) {
    rest /= base;
    exponent++;
  }
  const sign = value < 0 ? "-" : "";
  return `${sign}${significant(rest)} ${suffixes[exponent]}`;
}

function significant(value: number): string {
  if (Number.isInteger(value) && value < 1e6) return String(value);
  const text = value.toPrecision(4);
  return text.includes("e") || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
}

/** Bytes with binary units: `40 GiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]);
}

/** Bytes with decimal units, as drives and networks are sold: `1.92 TB`. */
export function formatDecimalBytes(bytes: number): string {
  return scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"]);
}

/** Bytes a second, decimal: `7 GB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatDecimalBytes(bytesPerSecond)}/s`;
}

/** A duration with the unit that reads best: `1.5 ms`, `42 s`, `3 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  // Below a picosecond there is only rounding.
  if (size < 1e-12) return "0 s";
  if (size < 1e-6) return `${significant(seconds * 1e9)} ns`;
  if (size < 1e-3) return `${significant(seconds * 1e6)} µs`;
  if (size < 1) return `${significant(seconds * 1e3)} ms`;
  if (size < 120) return `${significant(seconds)} s`;
  if (size < 7200) return two(seconds, 60, "min", 1, "s");
  if (size < 48 * 3600) return two(seconds, 3600, "h", 60, "min");
  return two(seconds, 86400, "d", 3600, "h");
}

function two(
  value: number,
  big: number,
  bigName: string,
  small: number,
  smallName: string,
): string {
  const sign = value < 0 ? "-" : "";
  const units = Math.round(Math.abs(value) / small);
  const per = big / small;
  const rest = units % per;
  const head = `${sign}${Math.floor(units / per)} ${bigName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** A plain number: thousands separated by commas when whole, four significant digits otherwise. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const size = Math.abs(value);
  if (size >= 1e3) return formatNumber(Math.round(value));
  if (size < 1e-4) return value.toExponential(3);
  return significant(value);
}

/** A share as a percentage: `12.3 %`. */
export function formatRatio(value: number): string {
  return `${significant(Number((value * 100).toPrecision(4)))} %`;
}

/** Grams of CO2 equivalent with the unit that reads best. */
export function formatGrams(grams: number): string {
  return scaled(grams, 1000, ["gCO2e", "kgCO2e", "tCO2e"]);
}

/** US dollars with cents; below one cent three significant digits. */
export function formatUsd(usd: number): string {
  const sign = usd < 0 ? "-" : "";
  const size = Math.abs(usd);
  if (size !== 0 && size < 0.01) return `${sign}$${size.toPrecision(3)}`;
  const [whole, cents] = size.toFixed(2).split(".");
  return `${sign}$${formatNumber(Number(whole))}.${cents}`;
}

/** Joules with the unit that reads best; above 3.6 MJ in kWh as bills print it. */
export function formatJoules(joules: number): string {
  if (Math.abs(joules) >= 3.6e6) {
    return `${formatNumber(Number((joules / 3.6e6).toPrecision(4)))} kWh`;
  }
  return scaled(joules, 1000, ["J", "kJ", "MJ"]);
}
