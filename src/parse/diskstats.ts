import { counterOf, lineError } from "./numbers.ts";

/**
 * Counters of one block device since it appeared. Linux `Documentation/admin-guide/iostats.rst`: a sector is
 * 512 bytes whatever the device's own block size; times are milliseconds.
 */
export interface BlockCounters {
  readonly readRequests: number;
  readonly readMerges: number;
  readonly readBytes: number;
  readonly readSeconds: number;
  readonly writeRequests: number;
  readonly writeMerges: number;
  readonly writeBytes: number;
  readonly writeSeconds: number;
  /** Requests in flight now: the only gauge. */
  readonly inFlightRequests: number;
  /** Time with at least one request in flight. */
  readonly busySeconds: number;
  /** Requests in flight times the time they were. */
  readonly queueSeconds: number;
  /** Linux 4.18 and newer, else null. */
  readonly discardRequests: number | null;
  readonly discardBytes: number | null;
  /** Linux 5.5 and newer, else null. */
  readonly flushRequests: number | null;
  readonly flushSeconds: number | null;
}

export interface DiskstatsRow extends BlockCounters {
  readonly major: number;
  readonly minor: number;
  readonly name: string;
}

const SECTOR_BYTES = 512;

/** The counters from `fields[at]` on: 11, 15 or 17 numbers. Null when one is no number or the count is odd. */
function counters(fields: readonly string[], at: number): BlockCounters | null {
  const count = fields.length - at;
  if (count !== 11 && count !== 15 && count < 17) return null;
  const values: number[] = [];
  for (let i = at; i < fields.length; i++) {
    const value = counterOf(fields[i]);
    if (value === null) return null;
    values.push(value);
  }
  return {
    readRequests: values[0],
    readMerges: values[1],
    readBytes: values[2] * SECTOR_BYTES,
    readSeconds: values[3] / 1000,
    writeRequests: values[4],
    writeMerges: values[5],
    writeBytes: values[6] * SECTOR_BYTES,
    writeSeconds: values[7] / 1000,
    inFlightRequests: values[8],
    busySeconds: values[9] / 1000,
    queueSeconds: values[10] / 1000,
    discardRequests: count >= 15 ? values[11] : null,
    discardBytes: count >= 15 ? values[13] * SECTOR_BYTES : null,
    flushRequests: count >= 17 ? values[15] : null,
    flushSeconds: count >= 17 ? values[16] / 1000 : null,
  };
}

/**
 * `/proc/diskstats`: a line a device of 14 (before Linux 4.18), 18 or 20 fields; fields that a newer kernel
 * appends are ignored.
 *
 * @throws {SpillwayError} data error naming the line that is none of these.
 */
export function parseDiskstats(text: string, what = "/proc/diskstats"): DiskstatsRow[] {
  const rows: DiskstatsRow[] = [];
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const trimmed = raw.trim();
    if (trimmed === "") continue;
    const fields = trimmed.split(/\s+/);
    const major = counterOf(fields[0]);
    const minor = counterOf(fields[1]);
    const values = fields.length < 14 ? null : counters(fields, 3);
    if (major === null || minor === null || values === null) {
      throw lineError(
        what,
        line,
        `expected major, minor, name and 11, 15 or 17 counters, found ${fields.length} fields ` +
          `("${trimmed.slice(0, 40)}")`,
      );
    }
    rows.push({ major, minor, name: fields[2], ...values });
  }
  return rows;
}

/**
 * `/sys/block/<device>/stat`: the same 11, 15 or 17 numbers without the name.
 *
 * @throws {SpillwayError} data error when the count differs.
 */
export function parseBlockStat(text: string, what = "stat"): BlockCounters {
  const fields = text.trim().split(/\s+/);
  const values = counters(fields, 0);
  if (values === null) {
    throw lineError(what, 1, `expected 11, 15 or 17 numbers, found "${text.trim().slice(0, 60)}"`);
  }
  return values;
}
