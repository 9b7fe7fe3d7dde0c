import { counterOf } from "./numbers.ts";

/** Counters of GPUDirect Storage (`/proc/driver/nvidia-fs/stats`); null where a release does not count it. */
export interface NvidiaFsStats {
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  readonly reads: number | null;
  readonly writes: number | null;
  readonly readErrors: number | null;
  readonly writeErrors: number | null;
  readonly batches: number | null;
  readonly activeProcesses: number | null;
  /** Whether the driver counts I/O at all: it is off by default. */
  readonly counting: boolean | null;
}

const MIB = 2 ** 20;

/**
 * Lines of `label : key=number …`, several with the same label; the version before 2.16 has fewer keys.
 *
 * @returns null when the text is none.
 */
export function parseNvidiaFs(text: string): NvidiaFsStats | null {
  if (!/NVFS/.test(text)) return null;
  const value = (label: string, key: string): number | null => {
    for (const line of text.split("\n")) {
      const match = /^([^:]+?)\s*:\s*(.*)$/.exec(line);
      if (match === null || match[1] !== label) continue;
      const found = new RegExp(`(?:^|\\s)${key}=(\\d+)`).exec(match[2]);
      if (found !== null) return counterOf(found[1]);
    }
    return null;
  };
  const mib = (label: string, key: string) => {
    const count = value(label, key);
    return count === null ? null : count * MIB;
  };
  const active = /^Active Process:\s*(\d+)/m.exec(text);
  const counting = /^IO stats:\s*(\w+)/m.exec(text);
  return {
    readBytes: mib("Reads", "readMiB"),
    writeBytes: mib("Writes", "writeMiB"),
    reads: value("Reads", "ok") ?? value("Reads", "n"),
    writes: value("Writes", "ok") ?? value("Writes", "n"),
    readErrors: value("Reads", "err"),
    writeErrors: value("Writes", "err"),
    batches: value("Batches", "n"),
    activeProcesses: active === null ? null : counterOf(active[1]),
    counting: counting === null ? null : counting[1] === "Enabled",
  };
}
