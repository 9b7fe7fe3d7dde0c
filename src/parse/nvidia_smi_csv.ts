import { dataError } from "../model/errors.ts";
import { missingReason } from "./missing_value.ts";
import { numberOf } from "./numbers.ts";

/** A counter or gauge of one GPU that a query column gives. */
export interface SmiField {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  /** Unit of the tool's number to ours. */
  readonly factor: number;
}

const MIB = 2 ** 20;

/** Query fields that are sampled, in the order in which the tool is asked for them. */
export const SMI_FIELDS: Readonly<Record<string, SmiField>> = {
  "utilization.gpu": { field: "utilization_ratio", unit: "ratio", type: "gauge", factor: 0.01 },
  "utilization.memory": { field: "memory_busy_ratio", unit: "ratio", type: "gauge", factor: 0.01 },
  "memory.total": { field: "memory_total_bytes", unit: "bytes", type: "gauge", factor: MIB },
  "memory.used": { field: "memory_used_bytes", unit: "bytes", type: "gauge", factor: MIB },
  "power.draw": { field: "power_watts", unit: "watts", type: "gauge", factor: 1 },
  "power.draw.instant": { field: "power_instant_watts", unit: "watts", type: "gauge", factor: 1 },
  "temperature.gpu": { field: "temperature_celsius", unit: "celsius", type: "gauge", factor: 1 },
  "clocks.sm": { field: "sm_clock_hertz", unit: "hertz", type: "gauge", factor: 1e6 },
  "clocks.mem": { field: "memory_clock_hertz", unit: "hertz", type: "gauge", factor: 1e6 },
  "pcie.link.gen.current": { field: "link_generation", unit: "count", type: "gauge", factor: 1 },
  "pcie.link.gen.max": { field: "link_generation_max", unit: "count", type: "gauge", factor: 1 },
  "pcie.link.width.current": { field: "link_width_lanes", unit: "count", type: "gauge", factor: 1 },
  "pcie.link.width.max": { field: "link_width_max_lanes", unit: "count", type: "gauge", factor: 1 },
  "ecc.errors.corrected.volatile.total": {
    field: "ecc_corrected_errors",
    unit: "count",
    type: "counter",
    factor: 1,
  },
  "ecc.errors.uncorrected.volatile.total": {
    field: "ecc_uncorrected_errors",
    unit: "count",
    type: "counter",
    factor: 1,
  },
};

/** One GPU's line: its readings by our field name. */
export interface SmiRow {
  readonly index: number | null;
  readonly name: string | null;
  readonly busId: string | null;
  readonly readings: readonly {
    readonly definition: SmiField;
    readonly value: number | null;
    readonly reason: string | null;
  }[];
}

/** What stands in which column; the unit in brackets is dropped. */
export interface SmiHeader {
  readonly columns: readonly string[];
}

/** The header of a query, or null when the line is none. */
export function parseSmiHeader(line: string): SmiHeader | null {
  const columns = line.split(",").map((c) => c.trim().replace(/ \[[^\]]*\]$/, ""));
  const known = columns.filter((c) => c in SMI_FIELDS || c === "index" || c === "name").length;
  return known >= 2 ? { columns } : null;
}

/** Fields of a line; a name may hold commas inside quotes or brackets, numbers never do. */
function splitLine(line: string, count: number): string[] | null {
  const cells = line.split(",").map((c) => c.trim());
  return cells.length === count ? cells : null;
}

/** A number with or without its unit: `12.5 W`, `40 %`, `0x10`, `16`. */
function reading(text: string): number | null {
  const match = /^([+-]?[0-9.]+(?:e[+-]?\d+)?)\s*(?:%|MiB|MHz|W|C|us|ms|KB\/s)?$/i.exec(
    text.trim(),
  );
  return match === null ? null : numberOf(match[1]);
}

/**
 * One line of `nvidia-smi --query-gpu=… --format=csv`, with units or without.
 *
 * @param where Place for messages.
 * @throws data error when the number of columns differs from the header's: the tool's text for people (a
 *   lost GPU, a driver that went away) comes on the same stream.
 */
export function parseSmiRow(line: string, header: SmiHeader, where: string): SmiRow {
  const cells = splitLine(line, header.columns.length);
  if (cells === null) {
    throw dataError(
      `${where}: "${
        line.slice(0, 80)
      }" has other columns than the header (${header.columns.length})`,
      "the tool printed a message instead of values",
    );
  }
  const text = (name: string): string | null => {
    const at = header.columns.indexOf(name);
    return at < 0 || missingReason(cells[at]) !== null ? null : cells[at];
  };
  const readings = header.columns.flatMap((name, i) => {
    const definition = SMI_FIELDS[name];
    if (definition === undefined) return [];
    const missing = missingReason(cells[i]);
    const value = missing === null ? reading(cells[i]) : null;
    return [{
      definition,
      value: value === null ? null : value * definition.factor,
      reason: value !== null ? null : missing ?? `"${cells[i].slice(0, 40)}" is no number`,
    }];
  });
  const index = text("index");
  return {
    index: index === null ? null : numberOf(index),
    name: text("name"),
    busId: text("pci.bus_id"),
    readings,
  };
}

/** What the tool says instead of values, in one sentence; null when the line is none of its known failures. */
export function smiFailure(text: string): string | null {
  if (/couldn't communicate with the NVIDIA driver/i.test(text)) {
    return "the NVIDIA driver is not loaded";
  }
  if (/Driver\/library version mismatch/i.test(text)) {
    return "driver and library versions differ (a driver was updated without a reboot)";
  }
  if (/couldn't find libnvidia-ml/i.test(text)) return "libnvidia-ml.so is missing";
  if (/No devices were found/i.test(text)) return "no NVIDIA GPU is here";
  if (/GPU is lost|fallen off the bus/i.test(text)) return "a GPU is lost (fallen off the bus)";
  if (/requires reset/i.test(text)) return "a GPU requires a reset";
  if (/Unable to determine the device handle/i.test(text)) return "a GPU does not answer";
  if (/Failed to initialize NVML: (.*)/i.test(text)) return text.trim().split("\n")[0];
  return null;
}
