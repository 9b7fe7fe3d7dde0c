import { dataError, messageOf } from "../model/errors.ts";
import { parseWallTime } from "./timestamp.ts";
import { type CounterRecording, type Reading, reading, type Snapshot } from "./reading.ts";

/** Keys of the monitor with our field, unit and factor. */
const FIELDS: Readonly<Record<string, readonly [string, string, number, "counter" | "gauge"]>> = {
  // Percent of one processor, summed over all.
  cpu_usage: ["cpu_busy_processors", "count", 0.01, "gauge"],
  gpu_usage: ["utilization_ratio", "ratio", 0.01, "gauge"],
  gpu_temperature: ["temperature_celsius", "celsius", 1, "gauge"],
  gpu_power: ["power_watts", "watts", 1, "gauge"],
  gpu_power_limit: ["power_limit_watts", "watts", 1, "gauge"],
  gpu_mem_used: ["memory_used_bytes", "bytes", 1, "gauge"],
  gpu_mem_total: ["memory_total_bytes", "bytes", 1, "gauge"],
  gpu_corrected_ecc: ["ecc_corrected_errors", "count", 1, "counter"],
  gpu_uncorrected_ecc: ["ecc_uncorrected_errors", "count", 1, "counter"],
  mem_used: ["memory_used_bytes", "bytes", 1, "gauge"],
  mem_total: ["memory_total_bytes", "bytes", 1, "gauge"],
};

/** Whether a line is one of SuperBench's monitor. */
export function isSuperbenchMonitor(text: string): boolean {
  const line = text.trimStart().split("\n", 1)[0];
  return line.startsWith("{") && /"time"\s*:/.test(line) &&
    /"gpu_(usage|temperature):0"/.test(line);
}

function keyReading(key: string, value: unknown): Reading | null {
  const match = /^(.*?)(?::(\d+|[a-z0-9_.-]+))?$/.exec(key)!;
  const known = FIELDS[match[1]];
  const number = typeof value === "number" ? value : null;
  const device = match[2] === undefined
    ? ""
    : match[1].startsWith("gpu_")
    ? `GPU-${match[2]}`
    : match[2];
  if (known === undefined) {
    if (number === null) return null;
    const field = match[1].replace(/[^a-z0-9_]+/gi, "_");
    return reading(device, { field, unit: "count", type: "gauge" }, number);
  }
  const [field, unit, factor, type] = known;
  const scaled = number === null ? null : factor < 1 ? number / (1 / factor) : number * factor;
  return reading(device, { field, unit, type }, scaled, "the monitor gave no number");
}

/** The JSON lines of SuperBench's monitor, one sample a line. @throws data error naming a damaged line. */
export function parseSuperbenchMonitor(text: string, label: string): CounterRecording {
  const snapshots: Snapshot[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === "") return;
    let entry: Record<string, unknown>;
    try {
      entry = JSON.parse(line);
    } catch (error) {
      throw dataError(`${label}:${i + 1}: not valid JSON: ${messageOf(error)}`);
    }
    const time = parseWallTime(String(entry.time ?? ""));
    snapshots.push({
      unixMs: time === null ? null : time.seconds * 1000 + time.nanos / 1e6,
      readings: Object.entries(entry).filter(([key]) => key !== "time")
        .map(([key, value]) => keyReading(key, value)).filter((r) => r !== null),
    });
  });
  if (snapshots.length === 0) throw dataError(`${label}: no line of a monitor in it`);
  return { source: "superbench", snapshots, notes: [] };
}
