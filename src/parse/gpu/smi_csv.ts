import { dataError } from "../../model/errors.ts";
import { type CounterRecording, type Reading, type Snapshot } from "../reading.ts";
import { type GpuField, gpuFields } from "./fields.ts";
import { missingReason } from "./missing_value.ts";
import { fieldReading, quantity } from "./quantity.ts";
import { smiFailure, splitSmiWarnings } from "./smi_failure.ts";
import { createRowOwner } from "./smi_rounds.ts";
import { parseSmiTimestamp } from "./time.ts";

/** What stands in which column; the unit in brackets is dropped. */
export interface SmiHeader {
  readonly columns: readonly string[];
  /** Each field that has a column, with its columns, the best first. */
  readonly fields: readonly { readonly field: GpuField; readonly at: readonly number[] }[];
}

/** One GPU's line. */
export interface SmiRow {
  readonly device: string;
  readonly name: string | null;
  readonly unixMs: number | null;
  readonly readings: readonly Reading[];
}

/** The header of `--query-gpu`, or null when the line is none. */
export function parseSmiHeader(
  line: string,
  known: readonly GpuField[] = gpuFields(),
): SmiHeader | null {
  const columns = line.replace(/^\uFEFF/, "").split(",")
    .map((c) => c.trim().replace(/ \[[^\]]*\]$/, ""));
  const fields = known.flatMap((field) => {
    const at = field.csv.map((name) => columns.indexOf(name)).filter((i) => i >= 0);
    return at.length === 0 ? [] : [{ field, at }];
  });
  const keys = ["index", "name", "uuid", "pci.bus_id", "timestamp", "gpu_name"];
  const named = columns.filter((c) => keys.includes(c)).length;
  return fields.length + named >= 2 && fields.length >= 1 ? { columns, fields } : null;
}

/**
 * One line of `nvidia-smi --query-gpu=… --format=csv`, with units or without.
 *
 * @param where Place for messages.
 * @param position Number of the row within its round, for queries without an index.
 * @throws data error when the number of columns differs from the header's: the tool's text for people (a
 *   lost GPU, a driver that went away) comes on the same stream.
 */
export function parseSmiRow(
  line: string,
  header: SmiHeader,
  where: string,
  position = 0,
): SmiRow {
  const cells = line.split(",").map((c) => c.trim());
  if (cells.length !== header.columns.length) {
    throw dataError(
      `${where}: "${line.slice(0, 80)}" has other columns than the header ` +
        `(${header.columns.length})`,
      "the tool printed a message instead of values",
    );
  }
  const text = (name: string): string | null => {
    const at = header.columns.indexOf(name);
    return at < 0 || missingReason(cells[at]) !== null ? null : cells[at];
  };
  const index = text("index");
  const device = index !== null && /^\d+$/.test(index) ? `GPU-${index}` : `GPU-${position}`;
  const readings = header.fields.map(({ field, at }) => {
    const all = at.map((i) => fieldReading(device, field, cells[i]));
    return all.find((r) => r.value !== null) ?? all[0];
  });
  const stamp = text("timestamp");
  return {
    device,
    name: text("name") ?? text("gpu_name"),
    unixMs: stamp === null ? null : parseSmiTimestamp(stamp),
    readings,
  };
}

/** Whether a line may be a header: rows hold no name of a field with a dot between letters. */
function looksLikeHeader(line: string): boolean {
  return /[a-z]\.[a-z]|^\s*(timestamp|index|name|uuid|gpu_name|count)\s*,/.test(line);
}

/** Whether the first line is a header of `--query-gpu` or of `--query-compute-apps`. */
export function isSmiCsv(text: string): boolean {
  const line = text.replace(/^\uFEFF/, "").trimStart().split(/\r?\n/, 1)[0];
  return parseSmiHeader(line) !== null || isAppsHeader(line);
}

function isAppsHeader(line: string): boolean {
  return /(^|, *)pid(,|$)/.test(line) && /used_(gpu_)?memory/.test(line);
}

/**
 * A recorded `--query-gpu` or `--query-compute-apps` with its header, once or in loop mode.
 *
 * @throws data error naming the line that holds a message instead of values.
 */
export function parseSmiCsv(whole: string, label: string): CounterRecording {
  const { text, warnings } = splitSmiWarnings(whole);
  const lines = text.split(/\r?\n/);
  const top = Math.max(0, lines.findIndex((line) => line.trim() !== ""));
  if (isAppsHeader(lines[top])) return parseApps(lines, top, label);
  let header = parseSmiHeader(lines[top]);
  if (header === null) {
    const failure = smiFailure(text);
    throw dataError(
      failure === null
        ? `${label}:${top + 1}: no header of nvidia-smi --query-gpu`
        : `${label}: nvidia-smi gave no values: ${failure}`,
      "record it with --format=csv (with its header)",
    );
  }
  const first = header;
  const snapshots: { unixMs: number | null; readings: Reading[]; devices: Set<string> }[] = [];
  const notes: string[] = [...warnings];
  const whoseRow = createRowOwner(lines.slice(top), first, label);
  lines.forEach((line, i) => {
    if (i <= top || line.trim() === "") return;
    const again = looksLikeHeader(line) ? parseSmiHeader(line) : null;
    if (again !== null) {
      // A capture appended to another may have asked for other columns.
      header = again;
      return;
    }
    const failure = smiFailure(line);
    if (failure !== null) {
      notes.push(`line ${i + 1} says: ${failure}`);
      return;
    }
    const { position, begins } = whoseRow(line, header!);
    const row = parseSmiRow(line, header!, `${label}:${i + 1}`, position);
    const open = snapshots.at(-1);
    if (open === undefined || begins || open.devices.has(row.device)) {
      snapshots.push({ unixMs: row.unixMs, readings: [], devices: new Set() });
    }
    snapshots.at(-1)!.devices.add(row.device);
    snapshots.at(-1)!.readings.push(...row.readings);
  });
  if (snapshots.length === 0) {
    throw dataError(`${label}: a header without values: ${notes[0] ?? "no GPU answered"}`);
  }
  const used = new Set(first.fields.flatMap((f) => f.at));
  const rest = first.columns.length - used.size;
  return {
    source: "nvidia-smi",
    snapshots: snapshots.map(({ unixMs, readings }): Snapshot => ({ unixMs, readings })),
    notes: [
      `${used.size} of ${first.columns.length} columns are counters` +
      (rest === 0 ? "" : `; ${rest} hold names, modes and versions, and were left out`),
      ...notes,
    ],
  };
}

const PROCESSES = { field: "processes", unit: "count", type: "gauge" } as const;
const PROCESS_MEMORY = { field: "memory_used_bytes", unit: "bytes", type: "gauge" } as const;

/** `--query-compute-apps`: memory by process. A name may hold commas, so cells are counted from both ends. */
function parseApps(lines: readonly string[], top: number, label: string): CounterRecording {
  const columns = lines[top].split(",").map((c) => c.trim().replace(/ \[[^\]]*\]$/, ""));
  const name = columns.findIndex((c) => c === "process_name" || c === "name");
  const pid = columns.indexOf("pid");
  const memory = columns.findIndex((c) => /^used_(gpu_)?memory$/.test(c));
  const gpu = columns.findIndex((c) => c === "gpu_bus_id" || c === "gpu_uuid");
  const stamp = columns.indexOf("timestamp");
  const gpus: string[] = [];
  const snapshots = new Map<number | null, Reading[]>();
  lines.forEach((line, i) => {
    if (i <= top || line.trim() === "") return;
    const words = line.split(",").map((c) => c.trim());
    const extra = words.length - columns.length;
    if (extra < 0 || (extra > 0 && name < 0)) {
      throw dataError(
        `${label}:${i + 1}: ${words.length} cells, the header has ${columns.length}`,
        "the tool printed a message instead of values",
      );
    }
    const cells = extra === 0 ? words : [
      ...words.slice(0, name),
      words.slice(name, name + extra + 1).join(","),
      ...words.slice(name + extra + 1),
    ];
    const key = gpu < 0 ? "" : cells[gpu];
    if (!gpus.includes(key)) gpus.push(key);
    const unixMs = stamp < 0 ? null : parseSmiTimestamp(cells[stamp]);
    const { value, reason } = quantity(cells[memory], "MiB");
    const readings = snapshots.get(unixMs) ?? [];
    snapshots.set(unixMs, readings);
    readings.push({
      device: `GPU-${gpus.indexOf(key)}/pid-${cells[pid]}`,
      ...PROCESS_MEMORY,
      value,
      reason,
    });
  });
  const count = (readings: readonly Reading[]): Reading => ({
    device: "",
    ...PROCESSES,
    value: readings.length,
    reason: null,
  });
  if (snapshots.size === 0) snapshots.set(null, []);
  return {
    source: "nvidia-smi",
    snapshots: [...snapshots].map(([unixMs, readings]) => ({
      unixMs,
      readings: [count(readings), ...readings],
    })),
    notes: ["memory by process; GPUs are numbered as they appear"],
  };
}
