import { counted } from "../../model/plural.ts";
import { dataError } from "../../model/errors.ts";
import { missingReason } from "./missing_value.ts";
import { type CounterRecording, type Reading, reading } from "../reading.ts";
import { type GpuField, gpuFields } from "./fields.ts";
import { quantity, sumReading } from "./quantity.ts";
import { parseCtime } from "./time.ts";

const ABSENT = "this driver does not print it";

/** One GPU's part of the text: value by path of headings, and its processes' memory by number. */
interface Section {
  readonly values: Map<string, string>;
  readonly processes: Map<string, string>;
}

/**
 * The indented text as paths. A heading is a line without a value; `Process ID` lines begin a process of
 * their own, since their headings repeat.
 */
function sectionsOf(text: string, label: string): { head: Map<string, string>; gpus: Section[] } {
  const head = new Map<string, string>();
  const gpus: Section[] = [];
  let stack: { indent: number; name: string }[] = [];
  let pid: string | null = null;
  text.split(/\r?\n/).forEach((raw, i) => {
    if (raw.trim() === "" || /^=+NVSMI LOG=+$/.test(raw.trim())) return;
    const indent = raw.length - raw.trimStart().length;
    if (indent === 0 && /^GPU [0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}/.test(raw)) {
      gpus.push({ values: new Map(), processes: new Map() });
      stack = [];
      pid = null;
      return;
    }
    while (stack.length > 0 && stack.at(-1)!.indent >= indent) stack.pop();
    const colon = /^(.*?)\s*:(?:\s(.*))?$/.exec(raw.trim());
    const name = (colon?.[1] ?? raw.trim()).trim();
    const value = colon?.[2]?.trim() ?? null;
    const section = gpus.at(-1);
    if (colon === null || value === null) {
      if (indent === 0 && section === undefined && colon === null) {
        throw dataError(
          `${label}:${i + 1}: "${raw.trim().slice(0, 60)}" is no line of nvidia-smi -q`,
        );
      }
      stack.push({ indent, name });
      return;
    }
    const path = [...stack.map((s) => s.name), name].join("/");
    // A line may have a value and lines below it: "HW Slowdown : Not Active".
    stack.push({ indent, name });
    if (section === undefined) head.set(path, value);
    else if (name === "Process ID") section.processes.set(pid = value, "N/A");
    else if (name === "Used GPU Memory" && pid !== null) section.processes.set(pid, value);
    else if (!section.values.has(path)) section.values.set(path, value);
  });
  return { head, gpus };
}

/** A value by path; a heading above it that has only a missing value stands for it. */
function cellOf(values: ReadonlyMap<string, string>, path: string): string | null {
  const own = values.get(path);
  if (own !== undefined) return own;
  const parts = path.split("/");
  for (let n = parts.length - 1; n > 0; n--) {
    const above = values.get(parts.slice(0, n).join("/"));
    if (above !== undefined && missingReason(above) !== null) return above;
  }
  return null;
}

function readingOf(device: string, section: Section, field: GpuField): Reading {
  let unknown: Reading | null = null;
  for (const sum of field.text) {
    const cells = sum.map((path) => cellOf(section.values, path));
    if (cells.some((cell) => cell === null)) continue;
    const found = sumReading(device, field, cells as string[]);
    if (found.value !== null) return found;
    unknown ??= found;
  }
  return unknown ?? reading(device, field, null, ABSENT);
}

const PROCESS_MEMORY = { field: "memory_used_bytes", unit: "bytes", type: "gauge" } as const;
const PROCESSES = { field: "processes", unit: "count", type: "gauge" } as const;

/** Whether a text looks like `nvidia-smi -q`. */
export function isSmiText(text: string): boolean {
  return /^\s*=+NVSMI LOG=+/.test(text) ||
    /^Timestamp\s+: \w{3} \w{3} /m.test(text.slice(0, 2000)) && /^GPU [0-9A-F]{8}:/m.test(text);
}

/**
 * `nvidia-smi -q` for people: the same fields as `-q -x`. A file that ends in the middle of a GPU is read as
 * far as it goes; the fields behind the cut are null.
 *
 * @throws data error when it describes no GPU.
 */
export function parseSmiText(text: string, label: string): CounterRecording {
  const { head, gpus } = sectionsOf(text.replace(/^\uFEFF/, ""), label);
  if (gpus.length === 0) {
    throw dataError(`${label}: no GPU in this output of nvidia-smi -q`, "record it again");
  }
  const fields = gpuFields().filter((field) => field.text.length > 0);
  const said = head.get("Attached GPUs");
  const driver = head.get("Driver Version");
  return {
    source: "nvidia-smi",
    notes: [
      `${counted(gpus.length, "GPU")}${driver === undefined ? "" : `, driver ${driver}`}`,
      ...(said === undefined || said === String(gpus.length)
        ? []
        : [`it says ${said} attached GPUs and describes ${gpus.length}`]),
    ],
    snapshots: [{
      unixMs: parseCtime(head.get("Timestamp") ?? ""),
      readings: gpus.flatMap((section, i) => {
        const device = `GPU-${i}`;
        const none = section.values.get("Processes");
        const counted = section.processes.size > 0 || none === "None" ||
          (none === undefined && [...section.values.keys()].some((k) => k.startsWith("Processes")));
        return [
          ...fields.map((field) => readingOf(device, section, field)),
          reading(device, PROCESSES, counted ? section.processes.size : null, ABSENT),
          ...[...section.processes].map(([pid, cell]) => {
            const { value, reason } = quantity(cell, "MiB");
            return reading(`${device}/pid-${pid}`, PROCESS_MEMORY, value, reason);
          }),
        ];
      }),
    }],
  };
}
