import { dataError } from "../../model/errors.ts";
import { type CounterRecording, type Reading, reading } from "../reading.ts";
import { type GpuField, gpuFieldIndex } from "./fields.ts";
import { fieldReading } from "./quantity.ts";
import { parseCtime } from "./time.ts";

/** `|   0  NVIDIA H100 80GB HBM3   On  |   00000000:19:00.0 Off |   0 |` */
const FIRST =
  /^\|\s+(\d+)\s+\S.*\|\s+[0-9A-Fa-f]{8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.\d.*\|\s*(\S+)\s*\|$/;
/** `| N/A   27C    P0   72W / 700W |   1MiB / 81559MiB |   0%   Default |` */
const SECOND =
  /^\|\s*(\S+)\s+(\S+)\s+(P\d+|N\/A|ERR!)\s+(.+?)\s*\/\s*(\S+)\s*\|\s*(\S+)\s*\/\s*(\S+)\s*\|\s*(\S+)\s+.*\|$/;

const CELLS: readonly (readonly [field: string, group: number])[] = [
  ["fan_ratio", 1],
  ["temperature_celsius", 2],
  ["performance_state", 3],
  ["power_watts", 4],
  ["power_limit_watts", 5],
  ["memory_used_bytes", 6],
  ["memory_total_bytes", 7],
  ["utilization_ratio", 8],
];

/** Whether a text holds rows of the table that `nvidia-smi` alone prints. */
export function isSmiTable(text: string): boolean {
  return text.split(/\r?\n/).some((line) => FIRST.test(line.trim()));
}

/** The table for people: the few counters that it shows. @throws data error when a GPU's second line is missing. */
export function parseSmiTable(text: string, label: string): CounterRecording {
  const index = gpuFieldIndex();
  const readings: Reading[] = [];
  const lines = text.split(/\r?\n/);
  let unixMs: number | null = null;
  for (let i = 0; i < lines.length; i++) {
    unixMs ??= parseCtime(lines[i]);
    const first = FIRST.exec(lines[i].trim());
    if (first === null) continue;
    const device = `GPU-${first[1]}`;
    const second = SECOND.exec((lines[i + 1] ?? "").trim());
    if (second === null) {
      throw dataError(`${label}:${i + 2}: the second line of GPU ${first[1]} is missing`);
    }
    for (const [name, group] of CELLS) {
      readings.push(fieldReading(device, index.get(name) as GpuField, second[group]));
    }
    const ecc = index.get("ecc_uncorrected_errors")!;
    readings.push(
      first[2] === "On" || first[2] === "Off"
        ? reading(device, ecc, null, `ECC is ${first[2].toLowerCase()}, and no count is shown`)
        : fieldReading(device, ecc, first[2]),
    );
  }
  if (readings.length === 0) throw dataError(`${label}: no GPU in this table of nvidia-smi`);
  const processes =
    lines.filter((line) => /^\|\s+\d+\s+\S+\s+\S+\s+\d+\s+[CG](\+G)?\s/.test(line.trim())).length;
  const counted = lines.some((line) => /Processes:/.test(line));
  if (counted) {
    readings.push(reading("", { field: "processes", unit: "count", type: "gauge" }, processes));
  }
  return { source: "nvidia-smi", snapshots: [{ unixMs, readings }], notes: [] };
}
