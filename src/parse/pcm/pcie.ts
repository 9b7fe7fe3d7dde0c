import { dataError } from "../../model/errors.ts";
import { type CounterRecording, type Reading, reading } from "../reading.ts";
import { count, fieldOf } from "./count.ts";

/** `PCIe Rd (B)` of a socket is bytes, 64 for each transfer; the other columns are transfers. */
function columnReading(device: string, name: string, value: number | null, cell: string): Reading {
  const bytes = /^PCIe (Rd|Wr)( \(B\))?$/.exec(name.trim());
  const definition = bytes !== null
    ? {
      field: bytes[1] === "Rd" ? "read_bytes_per_sample" : "write_bytes_per_sample",
      unit: "bytes",
      type: "gauge" as const,
    }
    : { field: `${fieldOf(name)}_transfers_per_sample`, unit: "count", type: "gauge" as const };
  return reading(device, definition, value, `"${cell.trim().slice(0, 20)}" is no number`);
}

/** Whether a text is output of pcm-pcie, with or without -csv. */
export function isPcmPcie(text: string): boolean {
  return /^\s*Skt\s*[,|]/m.test(text.slice(0, 4000));
}

/**
 * `pcm-pcie` (`-csv` or not): a header before every sample, a row a socket, a "*" row with the sum. Which
 * columns there are depends on the processor. The tool prints no time.
 *
 * @throws data error naming a row that does not fit its header.
 */
export function parsePcmPcie(text: string, label: string): CounterRecording {
  const snapshots: { readings: Reading[]; seen: Set<string> }[] = [];
  let columns: string[] | null = null;
  let separator: "," | "|" = ",";
  text.split(/\r?\n/).forEach((line, i) => {
    if (/^\s*Skt\s*[,|]/.test(line)) {
      separator = line.includes("|") ? "|" : ",";
      columns = line.split(separator).map((c) => c.trim()).filter((c) => c !== "").slice(1);
      snapshots.push({ readings: [], seen: new Set() });
      return;
    }
    const row = /^\s*(\d+|\*)\s*(?:,|\s)(.*)$/.exec(line);
    if (columns === null || row === null) return;
    // The sum row repeats the sockets.
    if (row[1] === "*") return;
    const cells = separator === ","
      ? row[2].split(",")
      : row[2].trim().split(/\s{2,}/).map((c) => c.trim());
    if (cells.length !== columns.length) {
      throw dataError(
        `${label}:${i + 1}: ${cells.length} values, the header has ${columns.length} columns`,
      );
    }
    if (snapshots.at(-1)!.seen.has(row[1])) snapshots.push({ readings: [], seen: new Set() });
    const { readings, seen } = snapshots.at(-1)!;
    seen.add(row[1]);
    columns.forEach((name, n) =>
      readings.push(columnReading(`socket-${row[1]}`, name, count(cells[n]), cells[n]))
    );
  });
  const filled = snapshots.filter((s) => s.readings.length > 0);
  if (filled.length === 0) throw dataError(`${label}: no row of pcm-pcie in it`);
  return {
    source: "pcm-pcie",
    snapshots: filled.map(({ readings }) => ({ unixMs: null, readings })),
    notes: ["pcm-pcie prints no time: one sample a second is assumed"],
  };
}
