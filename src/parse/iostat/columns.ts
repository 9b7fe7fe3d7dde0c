import { numberOf } from "../numbers.ts";
import { type Reading, reading } from "../reading.ts";

/** Unit prefixes of iostat's columns: kB is KiB and MB is MiB there (its manual page). */
const PREFIX: Readonly<Record<string, number>> = { "": 512, k: 2 ** 10, M: 2 ** 20, B: 512 };

/** Columns by a pattern: field, unit, factor. Older releases print other names for the same thing. */
export function columnOf(
  name: string,
): { readonly field: string; readonly unit: string; readonly factor: number } | null {
  const bytes = /^([rwd])(k|M)B\/s$/.exec(name) ?? /^(read|wrtn|dscd)\/s-(k|M)B$/.exec(name);
  const kind: Readonly<Record<string, string>> = {
    r: "read",
    w: "write",
    d: "discard",
    f: "flush",
    read: "read",
    wrtn: "write",
    dscd: "discard",
  };
  if (bytes !== null) {
    return {
      field: `${kind[bytes[1]]}_bytes_per_second`,
      unit: "bytesPerSecond",
      factor: PREFIX[bytes[2]],
    };
  }
  const plain = /^(k|M)B_(read|wrtn|dscd)\/s$/.exec(name);
  if (plain !== null) {
    return {
      field: `${kind[plain[2]]}_bytes_per_second`,
      unit: "bytesPerSecond",
      factor: PREFIX[plain[1]],
    };
  }
  const requests = /^([rwdf])\/s$/.exec(name);
  if (requests !== null) {
    return { field: `${kind[requests[1]]}_requests_per_second`, unit: "perSecond", factor: 1 };
  }
  if (name === "tps") return { field: "requests_per_second", unit: "perSecond", factor: 1 };
  const merged = /^([rwd])rqm\/s$/.exec(name);
  if (merged !== null) {
    return { field: `${kind[merged[1]]}_merges_per_second`, unit: "perSecond", factor: 1 };
  }
  const wait = /^([rwdf])_await$/.exec(name);
  if (wait !== null) {
    return { field: `${kind[wait[1]]}_wait_seconds`, unit: "seconds", factor: 1e-3 };
  }
  if (name === "await") return { field: "wait_seconds", unit: "seconds", factor: 1e-3 };
  const size = /^([rwd])areq-sz$/.exec(name);
  if (size !== null) {
    return { field: `${kind[size[1]]}_request_bytes`, unit: "bytes", factor: 2 ** 10 };
  }
  if (name === "aqu-sz" || name === "avgqu-sz") {
    return { field: "queue_length", unit: "count", factor: 1 };
  }
  if (/^%?util$/.test(name)) return { field: "busy_ratio", unit: "ratio", factor: 0.01 };
  return null;
}

/** Columns that repeat others: ratios of merges, totals since boot, service time that means nothing. */
export const REPEATED =
  /^(%?[rwd]rqm|svctm|avgrq-sz|(k|M)B_(read|wrtn|dscd)|disk_device|Device:?|[rwd]?areq-sz)$/;

export function cellReading(device: string, name: string, cell: unknown): Reading | null {
  const column = columnOf(name);
  if (column === null) return null;
  const value = typeof cell === "number" ? cell : numberOf(String(cell).replace(",", "."));
  return reading(
    device,
    { field: column.field, unit: column.unit, type: "gauge" },
    value === null ? null : value * column.factor,
    `"${String(cell).slice(0, 20)}" is no number`,
  );
}

/** The processor's shares of one sample. */
export function cpuReadings(cpu: Readonly<Record<string, unknown>>): Reading[] {
  return Object.entries(cpu).map(([name, value]) =>
    reading(
      "",
      { field: `cpu_${name.replace("%", "")}_ratio`, unit: "ratio", type: "gauge" },
      typeof value === "number" ? value / 100 : null,
      "no number",
    )
  );
}

/** `11/23/26 22:47:17`: month first, as sysstat writes it in the C locale; taken as UTC. */
export function timeOf(text: unknown): number | null {
  const match = /^(\d{1,4})[/-](\d{1,2})[/-](\d{1,4})[ T](\d{2}):(\d{2}):(\d{2})/.exec(
    String(text ?? ""),
  );
  if (match === null) return null;
  const [a, b, c, hour, minute, second] = match.slice(1).map(Number);
  const [year, month, day] = match[1].length === 4 ? [a, b, c] : [c, a, b];
  return Date.UTC(year < 100 ? 2000 + year : year, month - 1, day, hour, minute, second);
}

export const SINCE_BOOT = "the first sample is the average since boot";
