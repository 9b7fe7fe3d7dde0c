import { DOMAIN_LEVELS, type DomainLevel } from "../model/trace/faults.ts";

/** A column of times: numbers of so many seconds, or dates where the unit is null. */
export interface TimeColumn {
  readonly index: number;
  readonly unit: number | null;
}

/** Where the columns of a failure CSV stand; null for those it lacks. */
export interface FaultHeader {
  readonly start: TimeColumn;
  readonly down: TimeColumn | null;
  readonly end: TimeColumn | null;
  readonly node: number | null;
  readonly kind: number | null;
  readonly domain: number | null;
  readonly rack: number | null;
  readonly switch: number | null;
  readonly power: number | null;
  readonly width: number;
}

/** Endings of a column of times, in seconds. */
const UNITS: readonly (readonly [ending: RegExp, seconds: number])[] = [
  [/_(ms|milliseconds?)$/, 1e-3],
  [/_(s|secs?|seconds?)$/, 1],
  [/_(min|minutes?)$/, 60],
  [/_(h|hours?)$/, 3600],
  [/_(d|days?)$/, 86_400],
];

/** A column whose name is one of `names`, with a unit after it or (dates) without. */
function timeColumn(fields: readonly string[], names: readonly string[]): TimeColumn | null {
  for (const [index, field] of fields.entries()) {
    if (names.includes(field)) return { index, unit: null };
    for (const [ending, unit] of UNITS) {
      if (ending.test(field) && names.includes(field.replace(ending, ""))) return { index, unit };
    }
  }
  return null;
}

/** Reads a header line; null when no column says when a failure began. */
export function faultHeader(cells: readonly string[]): FaultHeader | null {
  const fields = cells.map((f) =>
    f.replace(/^\uFEFF/, "").trim().toLowerCase().replace(/[ -]/g, "_")
  );
  const column = (...names: string[]): number | null => {
    const index = fields.findIndex((f) => names.includes(f));
    return index < 0 ? null : index;
  };
  const start = timeColumn(fields, [
    "start",
    "start_time",
    "time",
    "timestamp",
    "date",
    "failed_at",
    "fault_start",
  ]);
  if (start === null) return null;
  return {
    start,
    down: timeColumn(fields, ["down", "down_time", "downtime", "duration", "repair_time"]),
    end: timeColumn(fields, ["end", "end_time", "fixed", "recovered_at", "fault_end"]),
    node: column("node", "host", "hostname", "server", "node_name", "node_id"),
    kind: column("kind", "class", "type", "category", "component", "cause"),
    domain: column("domain", "level", "scope"),
    rack: column("rack"),
    switch: column("switch", "leaf", "tor"),
    power: column("power", "pdu", "feed"),
    width: fields.length,
  };
}

/** A level of the failure-domain tree by its word; null for other words (a class of faults, say). */
export function domainLevel(word: string): DomainLevel | null {
  const level = word.trim().toLowerCase();
  return DOMAIN_LEVELS.find((known) => known === level) ?? null;
}

const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Seconds since 1970 of a date or date-time (UTC where it names no zone); null for anything else. */
export function dateSeconds(word: string): number | null {
  const match = DATE.exec(word);
  if (match === null) return null;
  const text = word.replace(" ", "T").replace(/\s+/g, "");
  const zoned = text.length === 10 || match[1] !== undefined ? text : `${text}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? null : ms / 1000;
}
