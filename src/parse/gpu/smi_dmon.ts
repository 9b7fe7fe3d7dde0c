import { dataError } from "../../model/errors.ts";
import { missingReason } from "./missing_value.ts";
import { type CounterRecording, type Reading, reading, type Snapshot } from "../reading.ts";
import { type GpuField, gpuFields } from "./fields.ts";
import { isPrintedUnit, quantity } from "./quantity.ts";
import { splitSmiWarnings } from "./smi_failure.ts";
import { parseDmonTime } from "./time.ts";

/** Columns that name the row or repeat a limit, and hold no counter. */
const KEYS = new Set(["gpu", "pid", "type", "command", "Date", "Time", "ccpm", "pviol", "tviol"]);

interface Header {
  readonly names: readonly string[];
  readonly units: readonly string[];
}

const wordsOf = (line: string) => line.replace(/^\s*#\s*/, "").trim().split(/\s+/);

/** Whether a line names columns of `dmon` or `pmon`. */
function isHeader(line: string): boolean {
  return /^\s*#/.test(line) && /\bgpu\b/.test(line);
}

/** Whether a text looks like `nvidia-smi dmon` or `pmon`. */
export function isSmiDmon(text: string): boolean {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.length >= 2 && isHeader(lines[0]) && /^\s*#.*\bIdx\b/.test(lines[1]);
}

/** The share of time of violations is printed as a percentage (`pviol`) or a flag (`tviol`). */
const VIOLATIONS: Readonly<Record<string, string>> = {
  pviol: "power_violation_ratio",
  tviol: "thermal_violation_flag",
};

function rowReadings(
  header: Header,
  cells: readonly string[],
  fields: ReadonlyMap<string, GpuField>,
): Reading[] {
  const cell = (name: string) => cells[header.names.indexOf(name)];
  const pid = header.names.includes("pid") ? cell("pid") : undefined;
  // A GPU without a process has a row of dashes.
  if (pid === "-") return [];
  const device = pid === undefined ? `GPU-${cell("gpu")}` : `GPU-${cell("gpu")}/pid-${pid}`;
  return header.names.flatMap((name, i) => {
    const violation = VIOLATIONS[name];
    if (violation !== undefined) {
      const { value, reason } = quantity(cells[i], header.units[i] === "%" ? "%" : "flag");
      const unit = violation.endsWith("ratio") ? "ratio" : "flag";
      return [reading(device, { field: violation, unit, type: "gauge" }, value, reason)];
    }
    const field = fields.get(name);
    if (field === undefined) return [];
    const unit = isPrintedUnit(header.units[i]) ? header.units[i] : field.printed;
    // MB is what older tools print where they mean MiB.
    const { value, reason } = quantity(cells[i], header.units[i] === "MB" ? "MiB" : unit);
    const why = missingReason(cells[i]) === null ? reason : "not available on this GPU";
    return [reading(device, field, value, why)];
  });
}

/** Processes of each GPU in a round of pmon; its keys are "gpu pid", those of dmon have no pid. */
function processCounts(keys: ReadonlySet<string>): Reading[] {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const [gpu, pid] = key.split(" ");
    if (pid !== "") counts.set(gpu, (counts.get(gpu) ?? 0) + (pid === "-" ? 0 : 1));
  }
  const definition = { field: "processes", unit: "count", type: "gauge" } as const;
  return [...counts].map(([gpu, count]) => reading(`GPU-${gpu}`, definition, count));
}

/**
 * `nvidia-smi dmon` or `pmon`: columns follow the header line, which is printed again now and then and may
 * change. Rows carry no time unless `-o DT` was given; without it one round a second is assumed, the tool's
 * default.
 *
 * @throws data error naming a row that does not fit its header.
 */
export function parseSmiDmon(whole: string, label: string): CounterRecording {
  const { text, warnings } = splitSmiWarnings(whole);
  const fields = new Map(gpuFields().flatMap((f) => f.dmon.map((name) => [name, f] as const)));
  let header: Header | null = null;
  const snapshots: { unixMs: number | null; readings: Reading[]; seen: Set<string> }[] = [];
  const dropped = new Set<string>();
  let timed = false;
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line.trim() === "") continue;
    if (isHeader(line)) {
      const names = wordsOf(line);
      const units = wordsOf(lines[i + 1] ?? "");
      header = { names, units: names.map((_, n) => units[n] ?? "") };
      for (const name of names) {
        if (!KEYS.has(name) && !fields.has(name)) dropped.add(name);
      }
      continue;
    }
    if (/^\s*#/.test(line)) continue;
    if (header === null) throw dataError(`${label}:${i + 1}: a row before any header of columns`);
    const words = line.trim().split(/\s+/);
    // A command may hold blanks: it is the last column.
    const last = header.names.length - 1;
    const cells = header.names[last] === "command"
      ? [...words.slice(0, last), words.slice(last).join(" ")]
      : words;
    if (cells.length !== header.names.length || !/^\d+$/.test(cells[header.names.indexOf("gpu")])) {
      throw dataError(
        `${label}:${i + 1}: "${line.trim().slice(0, 60)}" does not fit the ` +
          `${header.names.length} columns of the header`,
        "the tool printed a message instead of values: cut it off",
      );
    }
    const at = (name: string) => header!.names.indexOf(name);
    const unixMs = at("Date") >= 0 && at("Time") >= 0
      ? parseDmonTime(cells[at("Date")], cells[at("Time")])
      : null;
    timed ||= unixMs !== null;
    const key = `${cells[at("gpu")]} ${at("pid") < 0 ? "" : cells[at("pid")]}`;
    const open = snapshots.at(-1);
    if (open === undefined || open.seen.has(key) || open.unixMs !== unixMs) {
      snapshots.push({ unixMs, readings: [], seen: new Set() });
    }
    snapshots.at(-1)!.seen.add(key);
    snapshots.at(-1)!.readings.push(...rowReadings(header, cells, fields));
  }
  if (header === null) throw dataError(`${label}: no header of columns: it is no dmon output`);
  return {
    source: "nvidia-smi",
    snapshots: snapshots.map(({ unixMs, readings, seen }): Snapshot => ({
      unixMs,
      readings: [...processCounts(seen), ...readings],
    })),
    notes: [
      ...warnings,
      ...(timed || snapshots.length < 2 ? [] : [
        "rows carry no time: one round a second is assumed, the tool's default (-o DT prints it)",
      ]),
      ...(dropped.size === 0
        ? []
        : [`columns that are not known were dropped: ${[...dropped].join(", ")}`]),
    ],
  };
}
