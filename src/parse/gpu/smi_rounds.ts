import { dataError } from "../../model/errors.ts";
import { missingReason } from "./missing_value.ts";
import type { SmiHeader } from "./smi_csv.ts";
import { parseSmiTimestamp } from "./time.ts";

/** Columns that tell GPUs apart where no index was asked for. */
const IDENTITIES = ["uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id", "serial", "gpu_serial"];
/** One machine has no more GPUs than this: more rows without a time are rounds of a loop. */
const MOST_GPUS = 32;
/** Among sixteen GPUs one pause in sixteen lies between rounds: this quantile of the pauses is one of those. */
const PAUSE_QUANTILE = 0.97;

/** Which GPU of its round a row without an index describes. */
export interface RowOwner {
  readonly position: number;
  /** Whether the row begins a round, as far as its time tells. */
  readonly begins: boolean;
}

const cellsOf = (line: string) => line.split(",").map((cell) => cell.trim());

function timeOf(line: string, header: SmiHeader): number | null {
  const at = header.columns.indexOf("timestamp");
  return at < 0 ? null : parseSmiTimestamp(cellsOf(line)[at] ?? "");
}

/** The pause, in milliseconds, from which on a row begins a round; null where no row has a time. */
function pauseOf(rows: readonly string[], header: SmiHeader): number | null {
  const times = rows.map((line) => timeOf(line, header)).filter((time) => time !== null);
  if (times.length === 0) return null;
  const pauses = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  return (pauses[Math.floor(PAUSE_QUANTILE * pauses.length)] ?? 0) / 2;
}

/**
 * Tells whose row each is in queries without an index: by the GPU's UUID, bus address or serial number, else
 * by the time, since the rows of one round follow one another at once and rounds are an interval apart.
 *
 * @param lines The header and all that follows it.
 * @throws data error when rows name neither their GPU nor their time and are more than a machine has GPUs.
 */
export function createRowOwner(
  lines: readonly string[],
  header: SmiHeader,
  label: string,
): (line: string, header: SmiHeader) => RowOwner {
  const named = (names: readonly string[], { columns }: SmiHeader) =>
    names.map((name) => columns.indexOf(name)).find((i) => i >= 0) ?? -1;
  if (header.columns.includes("index")) return () => ({ position: 0, begins: false });
  if (named(IDENTITIES, header) >= 0) {
    const known: string[] = [];
    return (line, now) => {
      const cell = cellsOf(line)[named(IDENTITIES, now)];
      const key = cell === undefined || missingReason(cell) !== null ? "" : cell;
      if (!known.includes(key)) known.push(key);
      return { position: known.indexOf(key), begins: false };
    };
  }
  const rows = lines.slice(1).filter((line) => line.trim() !== "");
  const pauseMs = pauseOf(rows, header);
  if (pauseMs === null && rows.length > MOST_GPUS) {
    throw dataError(
      `${label}: ${rows.length} rows name neither their GPU nor their time`,
      "record it with --query-gpu=timestamp,index,...",
    );
  }
  let position = -1;
  let lastMs: number | null = null;
  return (line, now) => {
    const timeMs = timeOf(line, now);
    const begins = pauseMs !== null && pauseMs > 0 && lastMs !== null && timeMs !== null &&
      timeMs - lastMs >= pauseMs;
    lastMs = timeMs ?? lastMs;
    position = begins ? 0 : position + 1;
    return { position, begins };
  };
}
