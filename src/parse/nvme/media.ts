import { dataError } from "../../model/errors.ts";
import { jsonObject, type Loose, looseCounter } from "./loose_json.ts";

/** Counters of the flash itself: bytes that garbage collection moves stand in no health log. */
export interface MediaCounters {
  readonly mediaWrittenBytes: number | null;
  readonly mediaReadBytes: number | null;
  /** Most and fewest erasures of a block of user data. */
  readonly eraseCountMax: number | null;
  readonly eraseCountMin: number | null;
  readonly thermalThrottleEvents: number | null;
  readonly badUserBlocks: number | null;
  readonly pcieCorrectableErrors: number | null;
  /** Which log it is from. */
  readonly log: "ocp" | "endurance-group";
}

function pick(log: Loose, names: readonly string[]): number | null {
  const wanted = names.map((name) => name.toLowerCase());
  for (const [key, value] of Object.entries(log)) {
    const plain = key.toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();
    if (wanted.includes(plain)) return looseCounter(value);
  }
  return null;
}

/**
 * `nvme ocp smart-add-log -o json`: the extended SMART log of the OCP Datacenter NVMe SSD specification (log
 * C0h). Media units are bytes (SMART-1, SMART-2). Names differ in case and blanks between releases.
 *
 * @throws data error when it is no such log.
 */
export function parseOcpLog(text: string, label: string): MediaCounters {
  const log = jsonObject(text, label);
  const written = pick(log, ["physical media units written"]);
  if (written === null) {
    throw dataError(`${label}: no "Physical media units written": it is no OCP extended log`);
  }
  return {
    mediaWrittenBytes: written,
    mediaReadBytes: pick(log, ["physical media units read"]),
    eraseCountMax: pick(log, ["max user data erase counts", "user data erase counts max"]),
    eraseCountMin: pick(log, ["min user data erase counts", "user data erase counts min"]),
    thermalThrottleEvents: pick(log, ["number of thermal throttling events"]),
    badUserBlocks: pick(log, ["bad user nand blocks raw"]),
    pcieCorrectableErrors: pick(log, ["pcie correctable error count"]),
    log: "ocp",
  };
}

/** The endurance-group log counts in billions of bytes (NVM Express 2.0, section 5.16.1.10). */
const BILLION = 1e9;

/**
 * `nvme endurance-log -g 1 -o json`.
 *
 * @throws data error when it is no such log.
 */
export function parseEnduranceLog(text: string, label: string): MediaCounters {
  const log = jsonObject(text, label);
  const written = looseCounter(log.media_units_written);
  if (written === null) {
    throw dataError(`${label}: no media_units_written: it is no endurance-group log`);
  }
  return {
    // A drive that does not count leaves zero.
    mediaWrittenBytes: written === 0 ? null : written * BILLION,
    mediaReadBytes: null,
    eraseCountMax: null,
    eraseCountMin: null,
    thermalThrottleEvents: null,
    badUserBlocks: null,
    pcieCorrectableErrors: null,
    log: "endurance-group",
  };
}
