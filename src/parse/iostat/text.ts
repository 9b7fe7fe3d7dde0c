import { dataError } from "../../model/errors.ts";
import { numberOf } from "../numbers.ts";
import type { CounterRecording, Reading } from "../reading.ts";
import { cellReading, columnOf, cpuReadings, REPEATED, SINCE_BOOT, timeOf } from "./columns.ts";

/** Whether a text is iostat's report for people. */
export function isIostatText(text: string): boolean {
  return /^Linux \S+ \(.*\)/m.test(text) && /^(avg-cpu:|Device:?\s)/m.test(text);
}

/** iostat's report for people, with or without `-x`, `-m` and `-t`. @throws data error naming a bad line. */
export function parseIostatText(text: string, label: string): CounterRecording {
  const snapshots: { unixMs: number | null; readings: Reading[] }[] = [];
  const unknown = new Set<string>();
  let columns: string[] | null = null;
  let mode: "none" | "cpu" | "disks" = "none";
  let unixMs: number | null = null;
  const lines = text.split(/\r?\n/);
  const open = () => {
    snapshots.push({ unixMs, readings: [] });
    return snapshots.at(-1)!;
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    if (line === "" || line.startsWith("Linux ")) continue;
    const time = timeOf(line);
    if (time !== null) {
      unixMs = time;
      continue;
    }
    const words = line.split(/\s+/);
    if (words[0] === "avg-cpu:") {
      open();
      columns = words.slice(1);
      mode = "cpu";
    } else if (/^Device:?$/.test(words[0])) {
      // Without a processor line each table is a sample of its own.
      if (mode !== "cpu") open();
      columns = words.slice(1);
      for (const name of columns) {
        if (columnOf(name) === null && !REPEATED.test(name)) unknown.add(name);
      }
      mode = "disks";
    } else if (columns !== null && mode !== "none") {
      const cells = mode === "cpu" ? words : words.slice(1);
      if (cells.length !== columns.length) {
        throw dataError(
          `${label}:${i + 1}: ${cells.length} numbers, the header has ${columns.length} columns`,
        );
      }
      const readings = snapshots.at(-1)!.readings;
      if (mode === "cpu") {
        readings.push(
          ...cpuReadings(Object.fromEntries(columns.map((c, n) => [c, numberOf(cells[n])]))),
        );
      } else {
        readings.push(
          ...columns.flatMap((name, n) => cellReading(words[0], name, cells[n]) ?? []),
        );
      }
    } else throw dataError(`${label}:${i + 1}: "${line.slice(0, 60)}" is no line of iostat`);
  }
  if (snapshots.length === 0) throw dataError(`${label}: no table of iostat in it`);
  return {
    source: "iostat",
    snapshots,
    notes: [SINCE_BOOT, ...[...unknown].map((name) => `the column ${name} is not known`)],
  };
}
