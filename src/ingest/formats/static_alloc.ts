import type { Trace } from "../../model/trace/trace.ts";
import { csvLine, type CsvRow } from "../../parse/csv_line.ts";
import { PlaceError } from "../../parse/place_error.ts";
import { AllocationBuilder, emptyRow, OP_CODE } from "../allocation_builder.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank } from "../lines.ts";

const COLUMNS = ["id", "lower", "upper", "size"] as const;
/** Times become nanoseconds, one unit a microsecond, and must stay exact. */
const MAX_TIME = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

interface Lifetime {
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
}

function headerOf(row: CsvRow): number[] | null {
  const names = row.cells.map((c) => c.replace(/^\uFEFF/, "").toLowerCase());
  const at = COLUMNS.map((name) => names.indexOf(name));
  return at.includes(-1) ? null : at;
}

function detect(head: ImportHead): number {
  const first = head.text.split("\n")[0] ?? "";
  const bytes = new TextEncoder().encode(first.replace(/\r$/, ""));
  try {
    return headerOf(csvLine(bytes, 0, bytes.length, 1)) === null ? 0 : 0.97;
  } catch {
    return 0;
  }
}

function whole(row: CsvRow, column: number, line: number, what: string): number {
  const text = row.cells[column];
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || Math.abs(value) > MAX_TIME) {
    throw new PlaceError(
      line,
      row.columns[column],
      `expected ${what}, a whole number, but found "${text}"`,
    );
  }
  return value;
}

function lifetimeOf(row: CsvRow, columns: readonly number[], line: number): Lifetime {
  const [, lowerAt, upperAt, sizeAt] = columns;
  const lower = whole(row, lowerAt, line, "lower, when it is allocated");
  const upper = whole(row, upperAt, line, "upper, when it is freed");
  const size = whole(row, sizeAt, line, "size in bytes");
  if (upper <= lower) {
    throw new PlaceError(
      line,
      row.columns[upperAt],
      `the lifetime ends at ${upper}, not after its start at ${lower}`,
    );
  }
  if (size < 0) throw new PlaceError(line, row.columns[sizeAt], `the size ${size} is negative`);
  return { lower, upper, size };
}

async function read(input: ImportInput): Promise<Trace<"allocations">> {
  const lifetimes: Lifetime[] = [];
  const ids = new Map<string, number>();
  let columns: number[] | null = null;
  let width = 0;
  await forEachLine(input, (bytes, start, end, line) => {
    if (isBlank(bytes, start, end)) return;
    const row = csvLine(bytes, start, end, line);
    if (columns === null) {
      columns = headerOf(row);
      width = row.cells.length;
      if (columns === null) {
        throw new PlaceError(line, 1, "the header is not id,lower,upper,size");
      }
      return;
    }
    if (row.cells.length !== width) {
      throw new PlaceError(
        line,
        1,
        `the line has ${row.cells.length} cells, but the header has ${width}`,
      );
    }
    const id = row.cells[columns[0]];
    if (ids.has(id)) {
      throw new PlaceError(line, row.columns[columns[0]], `the id "${id}" stands twice`);
    }
    ids.set(id, lifetimes.length);
    lifetimes.push(lifetimeOf(row, columns, line));
  });
  return {
    kind: "allocations",
    name: "",
    format: "static-alloc",
    sha256: await input.sha256(),
    rows: 2 * lifetimes.length,
    meta: {
      sizeMeaning: "requested",
      overflowed: false,
      allocatorSettings: null,
      segments: null,
      streams: ["0"],
    },
    notes: [`${lifetimes.length.toLocaleString("en-US")} lifetimes, from start to end`],
    async *batches() {
      yield* await Promise.resolve(operationsOf(lifetimes).batches());
    },
  };
}

/** Every lifetime as an allocation and a free; at one moment what ends goes first. */
function operationsOf(lifetimes: readonly Lifetime[]): AllocationBuilder {
  const events = lifetimes.flatMap(({ lower, upper }, id) => [
    { time: lower, free: 0, id },
    { time: upper, free: 1, id },
  ]);
  events.sort((a, b) => a.time - b.time || b.free - a.free || a.id - b.id);
  const builder = new AllocationBuilder();
  const row = emptyRow();
  const first = events[0]?.time ?? 0;
  for (const { time, free, id } of events) {
    row.op = free === 1 ? OP_CODE.free : OP_CODE.alloc;
    row.id = id;
    row.size = lifetimes[id].size;
    row.timeNs = (time - first) * 1000;
    builder.add(row);
  }
  return builder;
}

/** Lifetimes of static memory planning: a half-open interval of logical time and a size. */
export const format: Importer<"allocations"> = {
  name: "static-alloc",
  kind: "allocations",
  summary: "lifetimes of buffers as CSV: id, lower, upper, size",
  reference: "google/minimalloc, README: input format; half-open lifetimes [lower, upper)",
  detect,
  read,
};
