import { dataError } from "../../model/errors.ts";
import { FAULT_KINDS, type FaultColumns, type FaultKind } from "../../model/trace/faults.ts";
import { csvLine, type CsvRow } from "../../parse/csv_line.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { placeError, withPlaces } from "../place.ts";

/** Column names of the two spellings: seconds (ours) and days (InfiniteHBD). */
const START = { start_seconds: 1, start_day: 86_400 } as const;
const DOWN = { down_seconds: 1, down_days: 86_400 } as const;

interface Row {
  readonly start: number;
  readonly down: number;
  readonly node: number;
  readonly kind: number;
}

interface Header {
  readonly start: { index: number; unit: number };
  readonly down: { index: number; unit: number } | null;
  readonly node: number | null;
  readonly kind: number | null;
  readonly width: number;
}

function readHeader(fields: readonly string[]): Header | null {
  const find = (units: Readonly<Record<string, number>>) => {
    const index = fields.findIndex((f) => f in units);
    return index < 0 ? null : { index, unit: units[fields[index]] };
  };
  const column = (...names: string[]) => {
    const index = fields.findIndex((f) => names.includes(f));
    return index < 0 ? null : index;
  };
  const start = find(START);
  if (start === null) return null;
  return {
    start,
    down: find(DOWN),
    node: column("node"),
    kind: column("kind", "class"),
    width: fields.length,
  };
}

function headerOf(row: CsvRow): Header | null {
  return readHeader(row.cells.map((f) => f.replace(/^\uFEFF/, "").trim().toLowerCase()));
}

function detect(head: ImportHead): number {
  const first = head.text.split("\n").find((line) => line.trim() !== "") ?? "";
  const bytes = new TextEncoder().encode(first);
  let header: Header | null;
  try {
    header = headerOf(csvLine(bytes, 0, bytes.length, 1));
  } catch {
    return 0;
  }
  return header === null ? 0 : header.node !== null || header.down !== null ? 0.95 : 0.6;
}

/** Words of fault classes as data centres write them, to the kinds that decide what survives. */
function kindOf(text: string): FaultKind {
  const word = text.trim().toLowerCase();
  if ((FAULT_KINDS as readonly string[]).includes(word)) return word as FaultKind;
  if (/gpu|xid|ecc|nvlink|hbm/.test(word)) return "gpu";
  if (/net|nic|ib|switch|roce/.test(word)) return "network";
  if (/soft|crash|python/.test(word)) return "software";
  if (/cpu|mem|disk|ssd|power|node|host|board|system|fan/.test(word)) return "node";
  return "unknown";
}

/** Parses the rows; times may tie but not descend. */
async function readRows(input: ImportInput) {
  const nodes = new Map<string, number>();
  const rows: Row[] = [];
  let header: Header | null = null;
  await forEachLine(input, (bytes, from, to, line) => {
    if (isBlank(bytes, from, to)) return;
    const row = csvLine(bytes, from, to, line);
    if (header === null) {
      header = headerOf(row);
      if (header === null) {
        throw placeError(
          input.label,
          line,
          1,
          `no column start_seconds or start_day in the header "${
            row.cells.join(",").slice(0, 60)
          }"`,
          "the header must be like start_seconds,node,kind,down_seconds",
        );
      }
      return;
    }
    rows.push(readRow(input.label, line, row, header, nodes, rows.at(-1)));
  });
  return { rows, nodes, header };
}

function readRow(
  label: string,
  line: number,
  row: CsvRow,
  header: Header,
  nodes: Map<string, number>,
  before: Row | undefined,
): Row {
  const fields = row.cells;
  if (fields.length !== header.width) {
    throw placeError(
      label,
      line,
      1,
      `${fields.length} fields, but the header has ${header.width}`,
    );
  }
  const number = (column: { index: number; unit: number }, what: string) => {
    const word = fields[column.index].trim();
    const value = Number(word);
    if (word === "" || !Number.isFinite(value) || value < 0 || value * column.unit > 1e11) {
      throw placeError(
        label,
        line,
        row.columns[column.index],
        `${what} "${word}" is not a number from 0 up`,
      );
    }
    return value * column.unit;
  };
  const start = number(header.start, "start");
  if (before !== undefined && start < before.start) {
    throw placeError(
      label,
      line,
      1,
      `failure at ${start} s after one at ${before.start} s`,
      "sort the rows by time",
    );
  }
  const downText = header.down === null ? "" : fields[header.down.index].trim();
  let node = -1;
  if (header.node !== null) {
    const name = fields[header.node].trim();
    node = nodes.get(name) ?? nodes.size;
    nodes.set(name, node);
  }
  const kind = header.kind === null ? "unknown" : kindOf(fields[header.kind]);
  return {
    start,
    down: header.down === null || downText === "" ? NaN : number(header.down, "down time"),
    node,
    kind: FAULT_KINDS.indexOf(kind),
  };
}

async function read(input: ImportInput) {
  const { rows, nodes, header } = await withPlaces(input.label, () => readRows(input));
  if (header === null) {
    throw dataError(`${input.label}: the file is empty`, "expected a CSV with a header line");
  }
  const columns: FaultColumns = {
    kind: "faults",
    count: rows.length,
    startSeconds: Float64Array.from(rows, (r) => r.start),
    faultKind: Uint8Array.from(rows, (r) => r.kind),
    node: Int32Array.from(rows, (r) => r.node),
    downSeconds: Float64Array.from(rows, (r) => r.down),
  };
  const unknown = rows.filter((r) => r.kind === FAULT_KINDS.indexOf("unknown")).length;
  const notes = unknown === 0 ? [] : [`${unknown} of ${rows.length} failures are of unknown kind`];
  return {
    kind: "faults" as const,
    name: input.label.replace(/^.*\//, "").replace(/\.csv(\.gz)?$/, ""),
    format: "fault-csv",
    sha256: await input.sha256(),
    rows: rows.length,
    // How many nodes never failed, and how long was watched after the last failure, no row tells.
    meta: { nodeCount: null, spanSeconds: null, nodes: [...nodes.keys()] },
    notes,
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

export const format: Importer<"faults"> = {
  name: "fault-csv",
  kind: "faults",
  summary: "failures as CSV: start, node, kind and down time, in seconds or days",
  reference: "InfiniteHBD trace (start_day,end_day,down_days,node,level,class,desc); this tool",
  detect,
  read,
};
