import { numberOf } from "./numbers.ts";

/** GT/s of a link-speed file: `8.0 GT/s PCIe`, `16 GT/s`; null for `Unknown`. */
export function parseLinkSpeed(text: string): number | null {
  const match = /^\s*([0-9.]+)\s*GT\/s/.exec(text);
  return match === null ? null : numberOf(match[1]);
}

/** Counters of an `aer_dev_*` file by error name; the total line is named `TOTAL_ERR_*`. */
export function parseAer(text: string): Map<string, number> {
  const counters = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^(\S+)\s+(\d+)\s*$/.exec(line);
    if (match !== null) counters.set(match[1], Number(match[2]));
  }
  return counters;
}

/** The sum of an `aer_dev_*` file: its total line, else the sum of its lines; null when it has none. */
export function aerTotal(text: string): number | null {
  const counters = parseAer(text);
  if (counters.size === 0) return null;
  const total = [...counters].find(([name]) => name.startsWith("TOTAL_ERR"));
  return total === undefined ? [...counters.values()].reduce((a, b) => a + b, 0) : total[1];
}
