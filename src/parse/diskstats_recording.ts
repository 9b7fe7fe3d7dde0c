import { type DiskstatsRow, parseDiskstats } from "./diskstats.ts";
import { type CounterRecording, reading } from "./reading.ts";

/** A counter of a block device as a field: what the live source and an import both give. */
export const BLOCK_FIELDS: readonly {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  readonly of: (counters: Omit<DiskstatsRow, "major" | "minor" | "name">) => number | null;
}[] = [
  { field: "read_bytes", unit: "bytes", type: "counter", of: (c) => c.readBytes },
  { field: "write_bytes", unit: "bytes", type: "counter", of: (c) => c.writeBytes },
  { field: "read_requests", unit: "count", type: "counter", of: (c) => c.readRequests },
  { field: "write_requests", unit: "count", type: "counter", of: (c) => c.writeRequests },
  { field: "read_seconds", unit: "seconds", type: "counter", of: (c) => c.readSeconds },
  { field: "write_seconds", unit: "seconds", type: "counter", of: (c) => c.writeSeconds },
  { field: "busy_seconds", unit: "seconds", type: "counter", of: (c) => c.busySeconds },
  { field: "queue_seconds", unit: "seconds", type: "counter", of: (c) => c.queueSeconds },
  { field: "in_flight_requests", unit: "count", type: "gauge", of: (c) => c.inFlightRequests },
  { field: "discard_bytes", unit: "bytes", type: "counter", of: (c) => c.discardBytes },
  { field: "flush_requests", unit: "count", type: "counter", of: (c) => c.flushRequests },
  { field: "flush_seconds", unit: "seconds", type: "counter", of: (c) => c.flushSeconds },
];

/** Why a counter of a block device may be missing. */
export const OLD_KERNEL = "this kernel does not count it";

/** Whether a text is `/proc/diskstats`. */
export function isDiskstats(text: string): boolean {
  const lines = text.trimEnd().split("\n").slice(0, 5);
  return lines.length > 0 &&
    lines.every((line) => /^\s*\d+\s+\d+\s+\S+(\s+\d+){11,}\s*$/.test(line));
}

/** A copy of `/proc/diskstats` as one sample. */
export function diskstatsRecording(text: string, label: string): CounterRecording {
  return {
    source: "block",
    snapshots: [{
      unixMs: null,
      readings: parseDiskstats(text, label).flatMap((row) =>
        BLOCK_FIELDS.map((field) => reading(row.name, field, field.of(row), OLD_KERNEL))
      ),
    }],
    notes: ["counters since boot, at one time: two copies are needed for rates"],
  };
}
