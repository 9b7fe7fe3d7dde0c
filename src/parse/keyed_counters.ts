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
