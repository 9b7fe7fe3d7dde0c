import { counted } from "../../model/plural.ts";
import type { AllocationColumns } from "../../model/trace/allocations.ts";
import type { Trace, TraceStream, TraceSummary } from "../../model/trace/trace.ts";
import { JsonCursor, keyTable } from "../../parse/json_cursor.ts";
import { skipValue } from "../../parse/skip_value.ts";
import { AllocationBuilder, DenseNames, emptyRow, OP_CODE } from "../allocation_builder.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank, lineChunks, type LineHandler } from "../lines.ts";

const KEYS = keyTable([
  "op",
  "id",
  "bytes",
  "stream",
  "tUs",
  "device",
  "pool",
  "fraction",
  "site",
  "pool_id",
]);
const [OP, ID, BYTES, STREAM, T_US, DEVICE, POOL, FRACTION, SITE, POOL_ID] = KEYS.keys();

/** Ids are used as they are, as indices: larger ones would waste memory. */
const MAX_ID = 2 ** 24 - 1;
const MAX_DEVICE = 1023;
const MAX_POOL = 65535;
const MAX_US = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** What each operation must have besides `op`. */
const NEEDS: Readonly<Record<string, readonly number[]>> = {
  alloc: [ID, BYTES],
  free: [ID],
  record_stream: [ID, STREAM],
  stream_done: [STREAM],
  empty_cache: [],
  set_fraction: [FRACTION],
  snapshot: [],
};

const NAMES = ["op", "id", "bytes", "stream", "tUs", "device", "pool", "fraction", "site", "pool"];

function detect(head: ImportHead): number {
  const first = head.text.split("\n").find((line) => line.trim() !== "") ?? "";
  if (!/^\uFEFF?\s*\{/.test(first)) return 0;
  const op = /"op"\s*:\s*"([a-z_]+)"/.exec(first)?.[1];
  return op !== undefined && op in NEEDS ? 0.98 : 0;
}

class OpsReader {
  readonly #cursor = new JsonCursor();
  readonly #row = emptyRow();
  readonly #streams = new DenseNames();
  readonly #sites = new DenseNames();
  readonly #ignored = new Map<string, number>();
  readonly builder = new AllocationBuilder();
  #live = new Uint8Array(1024);
  #firstUs = NaN;
  #lastUs = NaN;
  #fraction = 0;

  row(bytes: Uint8Array, start: number, end: number, line: number): void {
    if (isBlank(bytes, start, end)) return;
    const cursor = this.#cursor;
    const row = Object.assign(this.#row, emptyRow());
    cursor.reset(bytes, start, end, line);
    let seen = 0;
    let op = "";
    let stream: string | null = null;
    let idAt = start;
    let guess = 0;
    if (cursor.openObject("an operation")) {
      do {
        const key = cursor.key(KEYS, guess);
        guess = key + 1;
        if (key >= 0) {
          if ((seen & (1 << key)) !== 0) {
            cursor.fail(`the key "${cursor.keyText()}" stands twice`, cursor.keyStart);
          }
          seen |= 1 << key;
        }
        cursor.peek();
        const at = cursor.at;
        if (key === OP) op = this.#op(cursor, at);
        else if (key === ID) {
          row.id = cursor.whole("id, a whole number", MAX_ID);
          idAt = at;
        } else if (key === BYTES) {
          row.size = cursor.whole("bytes, a whole number", Number.MAX_SAFE_INTEGER);
        } else if (key === STREAM) stream = String(cursor.identifier("a stream"));
        else if (key === T_US) row.timeNs = this.#time(cursor, at);
        else if (key === DEVICE) row.device = cursor.whole("device, a GPU's number", MAX_DEVICE);
        else if (key === POOL || key === POOL_ID) {
          row.pool = cursor.whole("pool, the number of a private pool", MAX_POOL);
        } else if (key === FRACTION) this.#fraction = this.#share(cursor, at);
        else if (key === SITE) row.site = this.#sites.of(cursor.string("a site, a text"));
        else {
          const name = cursor.keyText();
          this.#ignored.set(name, (this.#ignored.get(name) ?? 0) + 1);
          skipValue(cursor);
        }
      } while (cursor.more(0x7d));
    }
    cursor.finish();
    if ((seen & (1 << OP)) === 0) cursor.fail('the key "op" is missing', start);
    for (const key of NEEDS[op]) {
      if ((seen & (1 << key)) === 0) {
        cursor.fail(`the key "${NAMES[key]}" is missing: ${op} needs it`, start);
      }
    }
    row.op = OP_CODE[op];
    row.stream = this.#streams.of(stream ?? "0");
    if (op === "set_fraction") row.size = this.#fraction;
    this.#follow(op, row.id, idAt);
    this.builder.add(row);
  }

  #op(cursor: JsonCursor, at: number): string {
    const op = cursor.string("an operation's name");
    if (!Object.hasOwn(NEEDS, op)) {
      cursor.fail(`"${op}" is no operation: expected ${Object.keys(NEEDS).join(", ")}`, at);
    }
    return op;
  }

  #share(cursor: JsonCursor, at: number): number {
    const share = cursor.number("fraction, a share of the device");
    if (!(share >= 0 && share <= 1)) {
      cursor.fail(`the fraction ${share} is not between 0 and 1`, at);
    }
    return share;
  }

  #time(cursor: JsonCursor, at: number): number {
    const us = cursor.number("tUs, microseconds");
    if (!(Math.abs(us) <= MAX_US)) cursor.fail(`the time ${us} is out of range`, at);
    if (Number.isNaN(this.#firstUs)) this.#firstUs = us;
    if (us < this.#lastUs) {
      cursor.fail(
        `the time ${us} is smaller than the one before it (${this.#lastUs})`,
        at,
        "operations stand in the order in which they happened: sort the lines by tUs",
      );
    }
    this.#lastUs = us;
    return Math.round((us - this.#firstUs) * 1000);
  }

  /** An id must be free to be allocated and live to be freed or used. */
  #follow(op: string, id: number, at: number): void {
    if (id < 0) return;
    if (id >= this.#live.length) {
      const grown = new Uint8Array(Math.max(2 * this.#live.length, id + 1));
      grown.set(this.#live);
      this.#live = grown;
    }
    const live = this.#live[id] === 1;
    if (op === "alloc") {
      if (live) this.#cursor.fail(`id ${id} is allocated already and was not freed`, at);
      this.#live[id] = 1;
    } else if (op === "free" || op === "record_stream") {
      if (!live) this.#cursor.fail(`id ${id} is not allocated here`, at);
      if (op === "free") this.#live[id] = 0;
    }
  }

  summary(sha256: string): TraceSummary<"allocations"> {
    const notes = [counted(this.builder.rows, "operation")];
    if (this.#streams.names.length > 1) notes.push(`${this.#streams.names.length} streams`);
    for (const [key, count] of this.#ignored) {
      notes.push(`dropped the key "${key}" of ${counted(count, "operation")}`);
    }
    return {
      sha256,
      rows: this.builder.rows,
      meta: {
        sizeMeaning: "requested",
        overflowed: false,
        allocatorSettings: null,
        segments: null,
        streams: this.#streams.names,
        ...(this.#sites.names.length === 0 ? {} : { sites: this.#sites.names }),
      },
      notes,
    };
  }
}

async function read(input: ImportInput): Promise<Trace<"allocations">> {
  const reader = new OpsReader();
  await forEachLine(input, (bytes, start, end, line) => reader.row(bytes, start, end, line));
  const summary = reader.summary(await input.sha256());
  return {
    kind: "allocations",
    name: "",
    format: "allocation-ops",
    ...summary,
    async *batches() {
      yield* await Promise.resolve(reader.builder.batches());
    },
  };
}

function stream(input: ImportInput): TraceStream<"allocations"> {
  const reader = new OpsReader();
  let sha256 = "";
  async function* batches(): AsyncGenerator<AllocationColumns> {
    const row: LineHandler = (bytes, start, end, line) => reader.row(bytes, start, end, line);
    for await (const _ of lineChunks(input, row)) yield* reader.builder.take(false);
    yield* reader.builder.take(true);
    sha256 = await input.sha256();
  }
  return {
    kind: "allocations",
    format: "allocation-ops",
    batches,
    finish: () => reader.summary(sha256),
  };
}

/**
 * Operations of an allocator, one JSON object a line, in the order in which they happened:
 *
 * - `{"op":"alloc","id":1,"bytes":123,"stream":0,"tUs":12.5}` asks for bytes; `stream` (0), `tUs`, `device`
 *   (0), `pool` (0; the number of a CUDA graph's private pool) and `site` (who asks) may be left out;
 * - `{"op":"free","id":1}`; an id can be used again afterwards;
 * - `{"op":"record_stream","id":1,"stream":16}`: that stream uses it too;
 * - `{"op":"stream_done","stream":16}`: all work given to it so far is done;
 * - `{"op":"empty_cache"}`, `{"op":"set_fraction","fraction":0.5}`;
 * - `{"op":"snapshot"}`: the line of the result lists every segment.
 */
export const format: Importer<"allocations"> = {
  name: "allocation-ops",
  kind: "allocations",
  summary:
    "operations of an allocator, JSON lines with op, id, bytes, stream, tUs (alloc, free, record_stream, ...)",
  reference:
    "this tool: src/ingest/formats/allocation_ops.ts; sizes are requested bytes, times microseconds",
  detect,
  read,
  stream,
};
