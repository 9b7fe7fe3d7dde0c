import { counted } from "../model/plural.ts";
import type { RequestColumns } from "../model/trace/requests.ts";
import type { Trace, TraceStream, TraceSummary } from "../model/trace/trace.ts";
import { csvLine, type CsvRow } from "../parse/csv_line.ts";
import { PlaceError } from "../parse/place_error.ts";
import { parseWallTime, type WallTime } from "../parse/timestamp.ts";
import type { ImportInput } from "./importer.ts";
import { forEachLine, isBlank, lineChunks, type LineHandler } from "./lines.ts";
import { RequestBuilder, type RequestRow } from "./request_builder.ts";

const MAX_TOKENS = 4294967295;
const NO_BLOCKS = new Uint32Array(0);

/** Which cell of a row holds what; -1 where no column does. */
export interface RequestCsvLayout {
  readonly arrival: number;
  /** Nanoseconds of one unit of the arrival column; ignored for wall-clock texts. */
  readonly arrivalUnitNs: number;
  readonly input: number;
  readonly output: number;
  readonly session: number;
  /** Turn within the session; where no column says it, turns are counted. */
  readonly turn: number;
  /** Columns of a log whose difference is the time to the first token, in units of the arrival column. */
  readonly firstToken?: { readonly sent: number; readonly received: number };
  /** Header names of the columns that are not read. */
  readonly ignored: readonly string[];
}

export interface CsvHeader {
  readonly row: CsvRow;
  readonly line: number;
}

type LayoutOf = (header: CsvHeader) => RequestCsvLayout;

/** The lines of a CSV of requests, and what is known once the last was read. */
class CsvReader {
  readonly builder = new RequestBuilder(false);
  readonly #rows = new RowReader(this.builder);
  readonly #layoutOf: LayoutOf;
  #layout: RequestCsvLayout | null = null;
  #width = 0;

  constructor(layoutOf: LayoutOf) {
    this.#layoutOf = layoutOf;
  }

  line(bytes: Uint8Array, start: number, end: number, line: number): void {
    if (isBlank(bytes, start, end)) return;
    const row = csvLine(bytes, start, end, line);
    if (this.#layout === null) {
      this.#layout = this.#layoutOf({ row, line });
      this.#width = row.cells.length;
      return;
    }
    if (row.cells.length !== this.#width) {
      throw new PlaceError(
        line,
        1,
        `the line has ${row.cells.length} cells, but the header has ${this.#width}`,
      );
    }
    this.#rows.row(row, this.#layout, line);
  }

  get ttftSeconds(): readonly number[] {
    return this.#rows.ttftSeconds;
  }

  summary(sha256: string): TraceSummary<"requests"> {
    const { builder } = this;
    const { ties, sessions } = this.#rows;
    const { ignored, arrival } = this.#layout ?? { ignored: [], arrival: -1 };
    const notes = [`${counted(builder.rows, "request")} without block ids`];
    if (arrival < 0) notes.push("there is no arrival column: every request arrives at 0");
    if (ties > 0) {
      notes.push(`${counted(ties, "request arrives", "requests arrive")} with the one before`);
    }
    if (sessions > 0) notes.push(`${counted(sessions, "session")}`);
    if (ignored.length > 0) notes.push(`dropped the columns ${ignored.join(", ")}`);
    return { sha256, rows: builder.rows, meta: { blockTokens: null, uniqueBlocks: null }, notes };
  }
}

/** Reads a CSV of requests; shared by every format whose rows are requests without blocks. */
export async function readRequestCsv(
  input: ImportInput,
  formatName: string,
  layoutOf: LayoutOf,
): Promise<Trace<"requests">> {
  const reader = new CsvReader(layoutOf);
  await forEachLine(input, (bytes, start, end, line) => reader.line(bytes, start, end, line));
  const { builder, ttftSeconds } = reader;
  return {
    kind: "requests",
    name: "",
    format: formatName,
    ...reader.summary(await input.sha256()),
    ...(ttftSeconds.every(Number.isNaN)
      ? {}
      : { measuredTtftSeconds: Float64Array.from(ttftSeconds) }),
    batches: () => builder.batches(),
  };
}

/** As {@link readRequestCsv}, batch by batch in constant memory. */
export function streamRequestCsv(
  input: ImportInput,
  formatName: string,
  layoutOf: LayoutOf,
): TraceStream<"requests"> {
  const reader = new CsvReader(layoutOf);
  let sha256 = "";
  async function* batches(): AsyncGenerator<RequestColumns> {
    const row: LineHandler = (bytes, start, end, line) => reader.line(bytes, start, end, line);
    for await (const _ of lineChunks(input, row)) yield* reader.builder.take(false);
    yield* reader.builder.take(true);
    sha256 = await input.sha256();
  }
  return { kind: "requests", format: formatName, batches, finish: () => reader.summary(sha256) };
}

interface Session {
  readonly number: number;
  turns: number;
  lastNs: number;
}

class RowReader {
  readonly #builder: RequestBuilder;
  readonly #sessions = new Map<string, Session>();
  readonly #row: RequestRow = {
    arrivalNs: 0,
    inputTokens: 0,
    outputTokens: 0,
    session: -1,
    turn: -1,
    thinkNs: NaN,
  };
  #wallBase: WallTime | null = null;
  #numberBase = NaN;
  #lastNs = 0;
  ties = 0;
  /** By row; empty where the layout has no such columns. */
  readonly ttftSeconds: number[] = [];

  constructor(builder: RequestBuilder) {
    this.#builder = builder;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  row(row: CsvRow, layout: RequestCsvLayout, line: number): void {
    const out = this.#row;
    out.inputTokens = tokens(row, layout.input, line, "prompt tokens");
    out.outputTokens = tokens(row, layout.output, line, "generated tokens");
    const session = layout.session < 0 ? null : this.#session(row.cells[layout.session]);
    out.arrivalNs = layout.arrival < 0 ? 0 : this.#arrival(row, layout, line, session);
    out.session = session?.number ?? -1;
    out.turn = session === null ? -1 : session.turns++;
    if (session !== null && layout.turn >= 0) {
      out.turn = whole(row, layout.turn, line, "a turn", 2147483647);
    }
    this.#builder.add(out, NO_BLOCKS, 0);
    if (layout.firstToken === undefined) return;
    const { sent, received } = layout.firstToken;
    const ticks = Number(row.cells[received]) - Number(row.cells[sent]);
    // A generated log, and a request that failed, have zero in both.
    this.ttftSeconds.push(ticks > 0 ? ticks * layout.arrivalUnitNs / 1e9 : NaN);
  }

  /** The session of a name; an empty name is none. */
  #session(name: string): Session | null {
    if (name === "") return null;
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = { number: this.#sessions.size, turns: 0, lastNs: 0 };
      this.#sessions.set(name, session);
    }
    return session;
  }

  /** Nanoseconds from the first row. Times may be equal but not descend (within a session, if any). */
  #arrival(row: CsvRow, layout: RequestCsvLayout, line: number, session: Session | null): number {
    const text = row.cells[layout.arrival];
    const column = row.columns[layout.arrival];
    const ns = this.#sinceFirst(text, layout.arrivalUnitNs);
    if (ns === null) {
      throw new PlaceError(
        line,
        column,
        `expected a time such as 2023-11-16 18:17:03.97 or a number, but found "${text}"`,
      );
    }
    if (ns < (session?.lastNs ?? this.#lastNs)) {
      throw new PlaceError(
        line,
        column,
        `the time ${text} is smaller than ${session === null ? "the one before it" : "before"}`,
        "equal times are fine, descending ones are not: sort the lines by time",
      );
    }
    if (ns > Number.MAX_SAFE_INTEGER) {
      throw new PlaceError(line, column, `the time ${text} is more than 104 days after the first`);
    }
    if (session !== null) return session.lastNs = ns;
    if (ns === this.#lastNs && this.#builder.rows > 0) this.ties++;
    return this.#lastNs = ns;
  }

  #sinceFirst(text: string, unitNs: number): number | null {
    if (Number.isNaN(this.#numberBase) && (this.#wallBase !== null || !isNumber(text))) {
      const wall = parseWallTime(text);
      if (wall === null) return null;
      this.#wallBase ??= wall;
      return (wall.seconds - this.#wallBase.seconds) * 1e9 + wall.nanos - this.#wallBase.nanos;
    }
    if (!isNumber(text)) return null;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) return null;
    // A first time of a day or more is wall-clock time; a smaller one counts from the trace's own start.
    if (Number.isNaN(this.#numberBase)) this.#numberBase = value * unitNs > 86400e9 ? value : 0;
    return Math.round((value - this.#numberBase) * unitNs);
  }
}

function isNumber(text: string): boolean {
  return /^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text);
}

function tokens(row: CsvRow, index: number, line: number, what: string): number {
  return whole(row, index, line, what, MAX_TOKENS);
}

function whole(row: CsvRow, index: number, line: number, what: string, max: number): number {
  const text = row.cells[index];
  const value = /^[0-9]+(\.0+)?$/.test(text) ? Number(text) : NaN;
  if (!(value <= max)) {
    throw new PlaceError(
      line,
      row.columns[index],
      `expected ${what}, a whole number from 0 to ${max}, but found "${text.slice(0, 40)}"`,
    );
  }
  return value;
}
