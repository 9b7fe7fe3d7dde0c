import { dataError } from "../../model/errors.ts";
import {
  type DomainLevel,
  FAULT_KINDS,
  type FaultColumns,
  type FaultKind,
  faultKindIndex,
  type FaultTraceMeta,
} from "../../model/trace/faults.ts";
import { parseSeconds } from "../../model/units.ts";
import { csvLine, type CsvRow } from "../../parse/csv_line.ts";
import {
  dateSeconds,
  domainLevel,
  type FaultHeader,
  faultHeader,
  type TimeColumn,
} from "../fault_header.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { placeError, withPlaces } from "../place.ts";

interface Row {
  readonly start: number;
  readonly down: number;
  readonly node: number;
  readonly kind: number;
  readonly level: DomainLevel | null;
}

/** Places of the nodes as the rows tell them, by name. */
type Places = Map<string, { rack: string | null; switch: string | null; power: string | null }>;

function detect(head: ImportHead): number {
  const first = head.text.split("\n").find((line) => line.trim() !== "") ?? "";
  const bytes = new TextEncoder().encode(first);
  let header: FaultHeader | null;
  try {
    header = faultHeader(csvLine(bytes, 0, bytes.length, 1).cells);
  } catch {
    return 0;
  }
  if (header === null || header.width < 1) return 0;
  if (header.start.unit === null) {
    // A date alone is a sign of many files: a node and a kind or a down time make it one of failures.
    const more = header.node !== null && (header.kind !== null || header.down !== null);
    return more ? 0.7 : 0;
  }
  return header.node !== null || header.down !== null ? 0.95 : 0.6;
}

/** Words of fault classes as data centres write them, to the kinds that decide what survives. */
function kindOf(text: string): FaultKind {
  const word = text.trim().toLowerCase();
  if ((FAULT_KINDS as readonly string[]).includes(word)) return word as FaultKind;
  if (/planned|maintenance/.test(word)) return "planned";
  if (/straggl|slow/.test(word)) return "straggler";
  if (/sdc|silent|nan/.test(word)) return "sdc";
  if (/gpu|xid|ecc|nvlink|hbm/.test(word)) return "gpu";
  if (/net|nic|ib|switch|roce/.test(word)) return "network";
  if (/hang|timeout|stuck/.test(word)) return "hang";
  if (/soft|crash|python/.test(word)) return "software";
  if (/preempt|spot/.test(word)) return "preemption";
  if (/cpu|mem|disk|ssd|power|node|host|board|system|fan|rack/.test(word)) return "node";
  return "unknown";
}

/** Parses the rows; times may tie but not descend. */
async function readRows(input: ImportInput) {
  const nodes = new Map<string, number>();
  const places: Places = new Map();
  const rows: Row[] = [];
  let header: FaultHeader | null = null;
  await forEachLine(input, (bytes, from, to, line) => {
    if (isBlank(bytes, from, to)) return;
    const row = csvLine(bytes, from, to, line);
    if (header === null) {
      header = faultHeader(row.cells);
      if (header === null) {
        throw placeError(
          input.label,
          line,
          1,
          `no column start_seconds, start_day or start in the header "${
            row.cells.join(",").slice(0, 60)
          }"`,
          "the header must be like start_seconds,node,kind,down_seconds",
        );
      }
      return;
    }
    rows.push(readRow(input.label, line, row, header, nodes, places, rows.at(-1)));
  });
  return { rows, nodes, places, header: header as FaultHeader | null };
}

function readRow(
  label: string,
  line: number,
  row: CsvRow,
  header: FaultHeader,
  nodes: Map<string, number>,
  places: Places,
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
  const cell = (index: number | null): string => index === null ? "" : fields[index].trim();
  const time = (column: TimeColumn, what: string, dated: boolean): number => {
    const word = cell(column.index);
    const value = timeOf(word, column.unit, dated);
    if (value === null) {
      throw placeError(
        label,
        line,
        row.columns[column.index],
        `${what} "${word}" is not a ${
          column.unit !== null
            ? "number from 0 up"
            : dated
            ? "date like 2025-01-31T12:00:00"
            : "time"
        }`,
      );
    }
    return value;
  };
  const start = time(header.start, "start", true);
  if (before !== undefined && start < before.start) {
    throw placeError(
      label,
      line,
      1,
      `failure at ${start} s after one at ${before.start} s`,
      "sort the rows by time",
    );
  }
  let down = NaN;
  if (cell(header.down?.index ?? null) !== "") down = time(header.down!, "down time", false);
  else if (cell(header.end?.index ?? null) !== "") {
    down = time(header.end!, "end", true) - start;
    if (down < 0) {
      throw placeError(
        label,
        line,
        row.columns[header.end!.index],
        `it ends ${-down} s before it starts`,
      );
    }
  }
  const name = cell(header.node);
  let node = -1;
  if (name !== "") {
    node = nodes.get(name) ?? nodes.size;
    nodes.set(name, node);
    const place = {
      rack: cell(header.rack) || null,
      switch: cell(header.switch) || null,
      power: cell(header.power) || null,
    };
    if (place.rack !== null || place.switch !== null || place.power !== null) {
      places.set(name, place);
    }
  }
  const kind = header.kind === null ? "unknown" : kindOf(cell(header.kind));
  return { start, down, node, kind: faultKindIndex(kind), level: domainLevel(cell(header.domain)) };
}

/** Seconds of a cell; null for anything that is no time of its column. */
function timeOf(word: string, unit: number | null, dated: boolean): number | null {
  if (unit === null && dated) return dateSeconds(word);
  if (unit === null && !/^\d/.test(word)) return null;
  let value: number;
  if (unit === null) {
    try {
      value = parseSeconds(word);
    } catch {
      return null;
    }
  } else value = word === "" ? NaN : Number(word) * unit;
  return Number.isFinite(value) && value >= 0 && value <= 1e11 ? value : null;
}

/** Nodes with the places that the rows tell, in the order of their first failure. */
function topologyOf(label: string, nodes: Map<string, number>, places: Places) {
  if (places.size === 0) return undefined;
  const unknown = { rack: null, switch: null, power: null };
  return {
    source: label,
    nodes: [...nodes.keys()].map((name) => ({ name, ...(places.get(name) ?? unknown), gpus: [] })),
  };
}

async function read(input: ImportInput) {
  const { rows, nodes, places, header } = await withPlaces(input.label, () => readRows(input));
  if (header === null) {
    throw dataError(`${input.label}: the file is empty`, "expected a CSV with a header line");
  }
  // Dates count from the first failure; numbers from whatever the file counts from.
  const zero = header.start.unit === null ? rows[0]?.start ?? 0 : 0;
  const columns: FaultColumns = {
    kind: "faults",
    count: rows.length,
    startSeconds: Float64Array.from(rows, (r) => r.start - zero),
    faultKind: Uint8Array.from(rows, (r) => r.kind),
    node: Int32Array.from(rows, (r) => r.node),
    downSeconds: Float64Array.from(rows, (r) => r.down),
  };
  const unknown = rows.filter((r) => r.kind === faultKindIndex("unknown")).length;
  const levels = rows.flatMap((r, i) => r.level === null ? [] : [[i, r.level] as const]);
  const topology = topologyOf(input.label, nodes, places);
  const meta: FaultTraceMeta = {
    // How many nodes never failed, and how long was watched after the last failure, no row tells.
    nodeCount: null,
    spanSeconds: null,
    nodes: [...nodes.keys()],
    ...(topology === undefined ? {} : { topology }),
    ...(levels.length === 0 ? {} : { domainRows: levels }),
  };
  return {
    kind: "faults" as const,
    name: input.label.replace(/^.*\//, "").replace(/\.csv(\.gz)?$/, ""),
    format: "fault-csv",
    sha256: await input.sha256(),
    rows: rows.length,
    meta,
    notes: [
      ...(unknown === 0 ? [] : [`${unknown} of ${rows.length} failures are of unknown kind`]),
      ...(topology === undefined ? [] : [`${places.size} nodes are placed by the file itself`]),
    ],
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

export const format: Importer<"faults"> = {
  name: "fault-csv",
  kind: "faults",
  summary:
    "failures as CSV: start (seconds, days or dates), node, kind, down time or end, domain, rack, switch, power",
  reference: "InfiniteHBD trace (start_day,end_day,down_days,node,level,class,desc); this tool",
  detect,
  read,
};
