import { STALL_CLASS_IDS, type StallCeilings, type StallClassId } from "../../model/stalls.ts";
import type { SecondsTable } from "./seconds.ts";

/** Which part of the rule decided a second. */
export const RULES = [
  "SM activity at or above 50 %",
  "PCIe throughput at or above 80 % of the link's ceiling",
  "disk rate at or above 80 % of its measured ceiling",
  "every task waited for I/O in at least 10 % of the second while disks worked",
  "the busiest disk had requests in at least 90 % of the second",
  "processors at least 90 % busy, or tasks waited for CPU in half of the second",
  "tasks waited for memory in at least 10 % of the second",
  "SM activity between 10 % and 50 % and nothing else near its ceiling",
  "everything far below its ceiling",
  "a kernel ran and SM activity is not known",
  "no counter of the second was read",
] as const;

const SM_BOUND = 0.5;
const SM_WORKING = 0.1;
const NEAR_CEILING = 0.8;
const IO_FULL = 0.1;
const DISK_BUSY = 0.9;
const CPU_BUSY = 0.9;
const CPU_PRESSURE = 0.5;
const MEMORY_PRESSURE = 0.1;
/** A kernel that ran for less of the second than this is as good as none. */
const GPU_QUIET = 0.02;
/** Disks that move less than this are not what anybody waits for. */
const DISK_FLOOR_BYTES = 1 << 20;

export interface Classified {
  /** Index into {@link STALL_CLASS_IDS} for each second. */
  readonly classes: Uint8Array;
  /** Index into {@link RULES} for each second. */
  readonly rules: Uint8Array;
}

const id = (name: StallClassId) => STALL_CLASS_IDS.indexOf(name);
/** NaN compares false with everything: what is unknown never reaches a ceiling. */
const near = (value: number, ceiling: number | null) =>
  ceiling !== null && ceiling > 0 && value >= NEAR_CEILING * ceiling;

/**
 * One class a second, by the first rule that holds: GPU, link, storage, host, idle. A GPU whose SM activity is
 * not known but that ran kernels is *unknown* and nothing else: it may be spinning in a wait.
 */
export function classifySeconds(table: SecondsTable, ceilings: StallCeilings): Classified {
  const classes = new Uint8Array(table.count);
  const rules = new Uint8Array(table.count);
  for (let s = 0; s < table.count; s++) {
    const [name, rule] = classOf(table, s, ceilings);
    classes[s] = id(name);
    rules[s] = rule;
  }
  return { classes, rules };
}

function storageClass(table: SecondsTable, s: number): StallClassId {
  const read = Number.isNaN(table.readBytes[s]) ? 0 : table.readBytes[s];
  const written = Number.isNaN(table.writeBytes[s]) ? 0 : table.writeBytes[s];
  return read >= written ? "storage_read_bound" : "storage_write_bound";
}

function classOf(
  table: SecondsTable,
  s: number,
  ceilings: StallCeilings,
): readonly [StallClassId, number] {
  const sm = table.smActive[s];
  if (sm >= SM_BOUND) return ["gpu_bound", 0];
  if (table.hasGpu && Number.isNaN(sm) && !(table.utilization[s] < GPU_QUIET)) {
    return ["unknown", 9];
  }
  if (near(table.pcieBytes[s], ceilings.pcieBytesPerSecond)) return ["pcie_bound", 1];
  if (near(table.readBytes[s], ceilings.readBytesPerSecond)) return ["storage_read_bound", 2];
  if (near(table.writeBytes[s], ceilings.writeBytesPerSecond)) return ["storage_write_bound", 2];
  const moved = (table.readBytes[s] || 0) + (table.writeBytes[s] || 0);
  if (table.ioFull[s] >= IO_FULL && moved >= DISK_FLOOR_BYTES) return [storageClass(table, s), 3];
  if (table.diskBusy[s] >= DISK_BUSY) return [storageClass(table, s), 4];
  if (table.cpuBusy[s] >= CPU_BUSY || table.cpuSome[s] >= CPU_PRESSURE) return ["host_bound", 5];
  if (table.memorySome[s] >= MEMORY_PRESSURE) return ["host_bound", 6];
  if (sm >= SM_WORKING) return ["gpu_bound", 7];
  const read = [table.diskBusy, table.cpuBusy, table.utilization, table.smActive, table.ioSome];
  return read.every((column) => Number.isNaN(column[s])) ? ["unknown", 10] : ["idle", 8];
}
