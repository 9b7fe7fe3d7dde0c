import { counterOf, lineError } from "./numbers.ts";

/**
 * `/proc/meminfo`: bytes by key. Lines with `kB` mean KiB; lines without a unit (`HugePages_Total`) are
 * counts and stay as they are.
 *
 * @throws {SpillwayError} data error naming a line that is not `Key: number [kB]`.
 */
export function parseMeminfo(text: string, what = "/proc/meminfo"): Map<string, number> {
  const values = new Map<string, number>();
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    if (raw.trim() === "") continue;
    const colon = raw.indexOf(":");
    const [number, unit] = raw.slice(colon + 1).trim().split(/\s+/);
    const value = counterOf(number);
    if (colon <= 0 || value === null || (unit !== undefined && unit.toLowerCase() !== "kb")) {
      throw lineError(what, line, `expected "Key: number kB", found "${raw.trim().slice(0, 60)}"`);
    }
    values.set(raw.slice(0, colon).trim(), unit === undefined ? value : value * 1024);
  }
  return values;
}

/**
 * Files of `key value` lines: `/proc/vmstat`, `/proc/<pid>/io` (with a colon), cgroup `memory.stat`.
 *
 * @throws {SpillwayError} data error naming a line that is not `key number`.
 */
export function parseKeyedCounters(text: string, what: string): Map<string, number> {
  const values = new Map<string, number>();
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const trimmed = raw.trim();
    if (trimmed === "") continue;
    const blank = trimmed.lastIndexOf(" ");
    const value = counterOf(trimmed.slice(blank + 1));
    if (blank <= 0 || value === null) {
      throw lineError(what, line, `expected "key number", found "${trimmed.slice(0, 60)}"`);
    }
    values.set(trimmed.slice(0, blank).replace(/:$/, "").trim(), value);
  }
  return values;
}

/** Reads one of the picker's keys out of a text; null when the key or its number is not there. */
export type CounterPicker = (text: string, key: number) => number | null;

/**
 * Picks a few keys out of `/proc/meminfo` (separator `:`) or `/proc/vmstat` (separator blank) without
 * splitting all of it: these files are read many times a second and have up to two hundred lines. Each key is
 * looked for first where it stood the last time. A number followed by `kB` is given in bytes.
 */
export function createCounterPicker(keys: readonly string[], separator: ":" | " "): CounterPicker {
  const needles = keys.map((key) => `${key}${separator}`);
  const places = new Int32Array(keys.length).fill(-1);
  const find = (text: string, key: number): number => {
    const needle = needles[key];
    const place = places[key];
    const lineStart = place === 0 || (place > 0 && text.charCodeAt(place - 1) === 10);
    if (lineStart && text.startsWith(needle, place)) return place;
    if (text.startsWith(needle)) return 0;
    const at = text.indexOf(`\n${needle}`);
    return at < 0 ? -1 : at + 1;
  };
  return (text, key) => {
    const place = find(text, key);
    places[key] = place;
    if (place < 0) return null;
    let at = place + needles[key].length;
    while (text.charCodeAt(at) === 32) at++;
    const start = at;
    let value = 0;
    for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
      value = value * 10 + code - 48;
    }
    if (at === start) return null;
    return text.startsWith(" kB", at) ? value * 1024 : value;
  };
}
