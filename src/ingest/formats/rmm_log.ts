import { counted } from "../../model/plural.ts";
import type { AllocationColumns } from "../../model/trace/allocations.ts";
import type { Trace, TraceStream, TraceSummary } from "../../model/trace/trace.ts";
import { csvLine, type CsvRow } from "../../parse/csv_line.ts";
import { PlaceError } from "../../parse/place_error.ts";
import { DenseNames } from "../allocation_builder.ts";
import { AllocationMatcher } from "../allocation_matcher.ts";
import type { Importer, ImportHead, ImportInput, ReadOptions } from "../importer.ts";
import { isBlank, lineChunks } from "../lines.ts";
import { matchedSummary, matchedTrace, type MatchedTraceFacts } from "../matched_trace.ts";

const COLUMNS = ["thread", "time", "action", "pointer", "size", "stream"];
const DAY_US = 86_400e6;

function isHeader(row: CsvRow): boolean {
  const names = row.cells.map((c) => c.replace(/^\uFEFF/, "").toLowerCase());
  return COLUMNS.every((name, i) => names[i] === name);
}

function detect(head: ImportHead): number {
  const first = (head.text.split("\n")[0] ?? "").replace(/\r$/, "");
  const bytes = new TextEncoder().encode(first);
  try {
    return isHeader(csvLine(bytes, 0, bytes.length, 1)) ? 0.98 : 0;
  } catch {
    return 0;
  }
}

/** `HH:MM:SS:microseconds`, also with a dot before the fraction. */
function timeUs(row: CsvRow, line: number): number {
  const match = /^(\d{1,2}):(\d{2}):(\d{2})[:.](\d{1,6})$/.exec(row.cells[1]);
  if (match === null) {
    throw new PlaceError(
      line,
      row.columns[1],
      `expected a time HH:MM:SS:microseconds, but found "${row.cells[1]}"`,
    );
  }
  const [, h, m, s, us] = match;
  return ((Number(h) * 60 + Number(m)) * 60 + Number(s)) * 1e6 + Number(us);
}

function pointer(row: CsvRow, line: number): number {
  const text = row.cells[3];
  if (text === "(nil)" || text === "0x0") return 0;
  const value = /^(0x)?[0-9a-f]+$/i.test(text) ? Number(text.replace(/^(0x)?/i, "0x")) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new PlaceError(line, row.columns[3], `expected a pointer, but found "${text}"`);
  }
  return value;
}

function bytesOf(row: CsvRow, line: number): number {
  const size = Number(row.cells[4]);
  if (!/^\d+$/.test(row.cells[4]) || !Number.isSafeInteger(size)) {
    throw new PlaceError(
      line,
      row.columns[4],
      `expected a size in bytes, but found "${row.cells[4]}"`,
    );
  }
  return size;
}

class LogReader {
  readonly matcher: AllocationMatcher;
  readonly #streams = new DenseNames();
  #failures = 0;
  #header = true;
  #first = NaN;
  #last = -Infinity;
  #days = 0;

  constructor(matcher: AllocationMatcher) {
    this.matcher = matcher;
  }

  line(bytes: Uint8Array, start: number, end: number, line: number): void {
    if (isBlank(bytes, start, end)) return;
    const row = csvLine(bytes, start, end, line);
    if (!this.#header) return this.#row(row, line);
    this.#header = false;
    if (!isHeader(row)) {
      throw new PlaceError(line, 1, "the header is not Thread,Time,Action,Pointer,Size,Stream");
    }
  }

  /** What is known once the last line was read. */
  facts(): MatchedTraceFacts {
    const { matcher } = this;
    const notes = [counted(matcher.rows, "operation")];
    if (matcher.before > 0) notes.push(`${counted(matcher.before, "block")} live before the first`);
    if (this.#failures > 0) {
      notes.push(`${counted(this.#failures, "allocation")} failed in the recording`);
    }
    return { sizeMeaning: "requested", streams: this.#streams.names, notes };
  }

  #row(row: CsvRow, line: number): void {
    if (row.cells.length < COLUMNS.length) {
      throw new PlaceError(
        line,
        1,
        `the line has ${row.cells.length} cells, not ${COLUMNS.length}`,
      );
    }
    const event = {
      device: 0,
      address: pointer(row, line),
      bytes: bytesOf(row, line),
      timeNs: this.#time(row, line) * 1000,
      stream: this.#streams.of(row.cells[5]),
      site: -1,
    };
    switch (row.cells[2]) {
      case "allocate":
        if (event.bytes > 0) this.matcher.allocate(event);
        return;
      case "free":
      case "deallocate":
        if (event.address !== 0) this.matcher.free(event);
        return;
      case "allocate failure":
        this.#failures++;
        this.matcher.fail(event);
        return;
      default:
        throw new PlaceError(
          line,
          row.columns[2],
          `expected allocate, free or allocate failure, but found "${row.cells[2]}"`,
        );
    }
  }

  /** Microseconds from the first event; the clock may pass midnight. */
  #time(row: CsvRow, line: number): number {
    let us = timeUs(row, line) + this.#days * DAY_US;
    if (us < this.#last - DAY_US / 2) {
      this.#days++;
      us += DAY_US;
    }
    if (us < this.#last) {
      throw new PlaceError(
        line,
        row.columns[1],
        `the time ${row.cells[1]} is smaller than the one before it`,
        "sort the lines by time",
      );
    }
    this.#last = us;
    if (Number.isNaN(this.#first)) this.#first = us;
    return us - this.#first;
  }
}

/** Reads all lines, and tells after every chunk. */
function lines(input: ImportInput, reader: LogReader): AsyncGenerator<number> {
  return lineChunks(input, (bytes, start, end, line) => reader.line(bytes, start, end, line));
}

async function read(
  input: ImportInput,
  options?: ReadOptions,
): Promise<Trace<"allocations">> {
  const reader = new LogReader(new AllocationMatcher("all", options));
  for await (const _ of lines(input, reader));
  return await matchedTrace(input, "rmm-log", reader.matcher, reader.facts());
}

/** Reads twice: first for the blocks that were live before the log began, which stand in front. */
function stream(input: ImportInput): TraceStream<"allocations"> {
  let summary: TraceSummary<"allocations"> | null = null;
  async function* batches(): AsyncGenerator<AllocationColumns> {
    const before = new LogReader(new AllocationMatcher("before"));
    for await (const _ of lines(input, before));
    yield* before.matcher.beforeBatches();
    const reader = new LogReader(new AllocationMatcher("events"));
    for await (const _ of lines(input, reader)) yield* reader.matcher.builder.take(false);
    yield* reader.matcher.builder.take(true);
    summary = matchedSummary(reader.matcher, reader.facts(), await input.sha256());
  }
  return {
    kind: "allocations",
    format: "rmm-log",
    batches,
    finish: () => {
      if (summary === null) throw new Error("the log was not read to its end");
      return summary;
    },
  };
}

/** The log of RAPIDS RMM's logging resource. */
export const format: Importer<"allocations"> = {
  name: "rmm-log",
  kind: "allocations",
  summary: "log of RAPIDS RMM: Thread, Time, Action, Pointer, Size, Stream",
  reference: "rapidsai/rmm: logging_resource_adaptor.hpp",
  detect,
  read,
  stream,
};
