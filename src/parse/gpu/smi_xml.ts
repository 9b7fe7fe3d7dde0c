import { dataError } from "../../model/errors.ts";
import { missingReason } from "./missing_value.ts";
import { type CounterRecording, type Reading, reading, type Snapshot } from "../reading.ts";
import { childOf, parseXml, type XmlElement } from "../xml.ts";
import { smiFailure, splitSmiWarnings } from "./smi_failure.ts";
import { type GpuField, gpuFields } from "./fields.ts";
import { quantity, sumReading } from "./quantity.ts";
import { parseCtime } from "./time.ts";

const ABSENT = "this driver does not print it";

/** The leaf below an element by path; a parent that is itself a leaf (`N/A`, `None`) stands for all below. */
function leaf(element: XmlElement, path: string): string | null {
  let at = element;
  for (const name of path.split("/")) {
    const next = childOf(at, name);
    if (next === undefined) {
      return at !== element && at.children.length === 0 && missingReason(at.text) !== null
        ? at.text
        : null;
    }
    at = next;
  }
  return at.children.length === 0 ? at.text : null;
}

/** The first alternative whose leaves are all there; unknown alternatives give way to known ones. */
function readingOf(device: string, gpu: XmlElement, field: GpuField): Reading {
  let unknown: Reading | null = null;
  for (const sum of field.xml) {
    const cells = sum.map((path) => leaf(gpu, path));
    if (cells.some((cell) => cell === null)) continue;
    const found = sumReading(device, field, cells as string[]);
    if (found.value !== null) return found;
    unknown ??= found;
  }
  return unknown ?? reading(device, field, null, ABSENT);
}

const MIG_FIELDS = [
  ["memory_total_bytes", "fb_memory_usage/total"],
  ["memory_reserved_bytes", "fb_memory_usage/reserved"],
  ["memory_used_bytes", "fb_memory_usage/used"],
  ["memory_free_bytes", "fb_memory_usage/free"],
] as const;

/** Each MIG instance is a device of its own, `GPU-0/MIG-1`, with its share of the memory. */
function migReadings(device: string, gpu: XmlElement): Reading[] {
  const instances = childOf(gpu, "mig_devices")?.children ?? [];
  return instances.filter((c) => c.name === "mig_device").flatMap((mig, i) => {
    const index = childOf(mig, "index")?.text ?? String(i);
    return MIG_FIELDS.map(([field, path]) => {
      const definition = { field, unit: "bytes", type: "gauge" } as const;
      const { value, reason } = quantity(leaf(mig, path) ?? "N/A", "MiB");
      return reading(`${device}/MIG-${index}`, definition, value, reason);
    });
  });
}

const PROCESS_MEMORY = { field: "memory_used_bytes", unit: "bytes", type: "gauge" } as const;
const PROCESSES = { field: "processes", unit: "count", type: "gauge" } as const;

/** Processes by number only: their names are other people's business. */
function processReadings(device: string, gpu: XmlElement): Reading[] {
  const list = childOf(gpu, "processes");
  if (list === undefined) return [];
  const infos = list.children.filter((c) => c.name === "process_info");
  const hidden = infos.length === 0 ? missingReason(list.text) : null;
  const known = hidden === null || list.text === "" || list.text === "None";
  return [
    reading(device, PROCESSES, known ? infos.length : null, hidden),
    ...infos.map((info) => {
      const { value, reason } = quantity(leaf(info, "used_memory") ?? "N/A", "MiB");
      const pid = childOf(info, "pid")?.text ?? "unknown";
      return reading(`${device}/pid-${pid}`, PROCESS_MEMORY, value, reason);
    }),
  ];
}

function snapshotOf(log: XmlElement, fields: readonly GpuField[]): Snapshot {
  const gpus = log.children.filter((child) => child.name === "gpu");
  return {
    unixMs: parseCtime(childOf(log, "timestamp")?.text ?? ""),
    readings: gpus.flatMap((gpu, i) => {
      const device = `GPU-${i}`;
      return [
        ...fields.filter((f) => f.xml.length > 0).map((f) => readingOf(device, gpu, f)),
        ...migReadings(device, gpu),
        ...processReadings(device, gpu),
      ];
    }),
  };
}

/** Whether a text looks like `nvidia-smi -q -x`: with or without prolog and document type. */
export function isSmiXml(text: string): boolean {
  return /^\s*(<\?xml[^>]*>\s*)?(<!DOCTYPE nvidia_smi_log[^>]*>\s*)?<nvidia_smi_log>/.test(text);
}

/**
 * `nvidia-smi -q -x`, one document or one after the other (loop mode). Elements are looked for by what is
 * there: names moved between drivers, and the version of the document type does not tell which are used.
 *
 * @throws data error when no document of the tool is in the text, and PlaceError when one is cut short.
 */
export function parseSmiXml(whole: string, label: string): CounterRecording {
  const { text, warnings } = splitSmiWarnings(whole);
  const failure = text.trimStart().startsWith("<") ? null : smiFailure(text);
  if (failure !== null) {
    throw dataError(
      `${label}: nvidia-smi gave no document: ${failure}`,
      "record it where it works",
    );
  }
  const logs = parseXml(text.replace(/^\uFEFF/, "")).filter((e) => e.name === "nvidia_smi_log");
  if (logs.length === 0) {
    throw dataError(`${label}: no <nvidia_smi_log> in it`, 'record it with "nvidia-smi -q -x"');
  }
  const fields = gpuFields();
  const notes: string[] = [...warnings];
  for (const log of logs) {
    const found = log.children.filter((c) => c.name === "gpu").length;
    const said = childOf(log, "attached_gpus")?.text;
    if (said !== undefined && said !== String(found)) {
      notes.push(`it says ${said} attached GPUs and describes ${found}`);
    }
  }
  const driver = childOf(logs[0], "driver_version")?.text;
  notes.unshift(
    `${logs.length} document${logs.length === 1 ? "" : "s"}, ` +
      `${logs[0].children.filter((c) => c.name === "gpu").length} GPUs` +
      (driver === undefined ? "" : `, driver ${driver}`),
  );
  return {
    source: "nvidia-smi",
    snapshots: logs.map((log) => snapshotOf(log, fields)),
    notes: [...new Set(notes)],
  };
}
