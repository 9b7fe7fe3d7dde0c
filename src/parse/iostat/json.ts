import { dataError, messageOf } from "../../model/errors.ts";
import type { CounterRecording, Snapshot } from "../reading.ts";
import { cellReading, cpuReadings, REPEATED, SINCE_BOOT, timeOf } from "./columns.ts";

type Loose = Record<string, unknown>;
const isRecord = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a text is `iostat -o JSON`. */
export function isIostatJson(text: string): boolean {
  return /^\s*\{\s*"sysstat"/.test(text);
}

/** @throws data error when it is cut short or has no statistics. */
export function parseIostatJson(text: string, label: string): CounterRecording {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(
      `${label}: the JSON of iostat is cut short or damaged (${messageOf(error)})`,
      "end iostat with SIGINT: it closes the document then",
    );
  }
  const hosts = isRecord(json) && isRecord(json.sysstat) ? json.sysstat.hosts : null;
  const host = Array.isArray(hosts) && isRecord(hosts[0]) ? hosts[0] : null;
  if (host === null || !Array.isArray(host.statistics) || host.statistics.length === 0) {
    throw dataError(`${label}: no statistics in this document of iostat`);
  }
  const unknown = new Set<string>();
  const snapshots = host.statistics.filter(isRecord).map((entry): Snapshot => {
    const disks = Array.isArray(entry.disk) ? entry.disk.filter(isRecord) : [];
    return {
      unixMs: timeOf(entry.timestamp),
      readings: [
        ...(isRecord(entry["avg-cpu"]) ? cpuReadings(entry["avg-cpu"]) : []),
        ...disks.flatMap((disk) =>
          Object.entries(disk).flatMap(([name, cell]) => {
            const found = cellReading(String(disk.disk_device), name, cell);
            if (found === null && !REPEATED.test(name)) unknown.add(name);
            return found === null ? [] : [found];
          })
        ),
      ],
    };
  });
  return {
    source: "iostat",
    snapshots,
    notes: [SINCE_BOOT, ...[...unknown].map((name) => `the column ${name} is not known`)],
  };
}
