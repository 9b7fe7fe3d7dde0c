import { dataError } from "../../model/errors.ts";
import { type CounterRecording, type Reading, reading } from "../reading.ts";
import { count, fieldOf } from "./count.ts";

/** Whether a text is the table of pcm-iio. */
export function isPcmIio(text: string): boolean {
  return /^\|IIO Stack \d+/m.test(text.slice(0, 8000)) ||
    /^Socket,(Name|IIO)[^\n]*(IB write|IB read)/m.test(text.slice(0, 4000));
}

/** Rates of pcm-iio are bytes a second (IB and OB); other columns are events a second. */
function iioReading(device: string, name: string, cell: string): Reading {
  const rate = /^(IB|OB) (read|write)$/.exec(name.trim());
  const definition = rate === null
    ? { field: `${fieldOf(name)}_per_second`, unit: "perSecond", type: "gauge" as const }
    : {
      field: `${rate[1] === "IB" ? "inbound" : "outbound"}_${rate[2]}_bytes_per_second`,
      unit: "bytesPerSecond",
      type: "gauge" as const,
    };
  return reading(device, definition, count(cell), `"${cell.trim().slice(0, 20)}" is no number`);
}

/**
 * `pcm-iio`, the boxes for people or `-csv`: a stack, its parts, and only on the first part the columns of
 * the IOMMU; the cards behind a part follow as lines of their own.
 *
 * @throws data error when no part of a stack is in it.
 */
export function parsePcmIio(text: string, label: string): CounterRecording {
  const rounds: { readings: Reading[]; seen: Set<string> }[] = [];
  const add = (device: string, readings: readonly Reading[]) => {
    if (rounds.length === 0 || rounds.at(-1)!.seen.has(device)) {
      rounds.push({ readings: [], seen: new Set() });
    }
    rounds.at(-1)!.seen.add(device);
    rounds.at(-1)!.readings.push(...readings);
  };
  let columns: string[] = [];
  let stack = "";
  let csv = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^Socket,/.test(line)) {
      columns = line.split(",").map((c) => c.trim());
      csv = true;
      continue;
    }
    if (csv) {
      const cells = line.split(",").map((c) => c.trim());
      if (cells.length < 4 || !/^(Socket)?\d+$/.test(cells[0])) continue;
      const names = columns.slice(3);
      const device = `socket-${cells[0].replace("Socket", "")}/${cells[1]}/${cells[2]}`;
      add(
        device,
        names.flatMap((name, n) =>
          cells[n + 3] === undefined || cells[n + 3] === ""
            ? []
            : [iioReading(device, name, cells[n + 3])]
        ),
      );
      continue;
    }
    const cells = line.split("|").slice(1, -1).map((c) => c.trim());
    if (/^IIO Stack \d+/.test(cells[0] ?? "")) {
      stack = /^IIO Stack (\d+)/.exec(cells[0])![1];
      columns = cells.slice(1);
    } else if (/^Part\d+/.test(cells[0] ?? "")) {
      const device = `stack-${stack}/part-${/^Part(\d+)/.exec(cells[0])![1]}`;
      add(device, cells.slice(1).map((cell, n) => iioReading(device, columns[n] ?? "", cell)));
    }
  }
  if (rounds.length === 0) throw dataError(`${label}: no part of an IIO stack in it`);
  return {
    source: "pcm-iio",
    snapshots: rounds.map(({ readings }) => ({ unixMs: null, readings })),
    notes: ["pcm-iio prints no time: one sample a second is assumed"],
  };
}
