import { counted } from "../model/plural.ts";
import type { RequestColumns } from "../model/trace/requests.ts";
import type { TraceSummary } from "../model/trace/trace.ts";
import { JsonCursor, keyTable } from "../parse/json_cursor.ts";
import { skipValue } from "../parse/skip_value.ts";
import { DenseIds } from "./dense_ids.ts";
import { isBlank } from "./lines.ts";
import { RequestBuilder, type RequestRow } from "./request_builder.ts";

/** Tokens of a block of the published traces (README of the traces, FAST 25). */
const BLOCK_TOKENS = 512;
const MAX_TOKENS = 4294967295;
/** Milliseconds whose nanoseconds a double still holds exactly. */
const MAX_MS = Number.MAX_SAFE_INTEGER / 1e6;
const BLOCKS_HINT =
  `hash_ids holds one id for every ${BLOCK_TOKENS} tokens of the prompt, the last block included when it is ` +
  "not full; correct the line or leave hash_ids out of the whole file";

const KEYS = keyTable([
  "timestamp",
  "input_length",
  "output_length",
  "hash_ids",
  "session_id",
  "delay",
]);
const TIMESTAMP = 0;
const INPUT = 1;
const OUTPUT = 2;
const HASH_IDS = 3;
const SESSION = 4;
const DELAY = 5;

interface Session {
  readonly number: number;
  turns: number;
  lastArrivalMs: number;
}

/** Reads rows one after another; holds what the rules need of the rows before. */
export class MooncakeReader {
  readonly #cursor = new JsonCursor();
  readonly #ids = new DenseIds();
  readonly #sessions = new Map<string, Session>();
  readonly #ignored = new Map<string, number>();
  readonly #row: RequestRow = {
    arrivalNs: 0,
    inputTokens: 0,
    outputTokens: 0,
    session: -1,
    turn: -1,
    thinkNs: NaN,
  };
  #blocks = new Uint32Array(4096);
  #blockCount = 0;
  #builder: RequestBuilder | null = null;
  #hasBlocks = false;
  /** Milliseconds that count as zero: the first time stamp where it is wall-clock time. */
  #baseMs = 0;
  #lastMs = 0;
  #derived = 0;
  #ties = 0;

  row(bytes: Uint8Array, start: number, end: number, line: number): void {
    if (isBlank(bytes, start, end)) return;
    const cursor = this.#cursor;
    cursor.reset(bytes, start, end, line);
    let seen = 0;
    let timestamp = NaN;
    let timestampAt = start;
    let delay = NaN;
    let hashAt = start;
    let sessionName: string | null = null;
    let guess = 0;
    if (cursor.openObject("a request object")) {
      do {
        const key = cursor.key(KEYS, guess);
        guess = key + 1;
        if (key >= 0) {
          if ((seen & (1 << key)) !== 0) {
            cursor.fail(`the key "${cursor.keyText()}" stands twice`, cursor.keyStart);
          }
          seen |= 1 << key;
        }
        switch (key) {
          case TIMESTAMP:
            cursor.peek();
            timestampAt = cursor.at;
            timestamp = cursor.number("a timestamp in milliseconds");
            break;
          case INPUT:
            this.#row.inputTokens = cursor.whole("input_length, a number of tokens", MAX_TOKENS);
            break;
          case OUTPUT:
            this.#row.outputTokens = cursor.whole("output_length, a number of tokens", MAX_TOKENS);
            break;
          case HASH_IDS:
            cursor.peek();
            hashAt = cursor.at;
            this.#readBlocks(cursor);
            break;
          case SESSION:
            sessionName = cursor.peek() === 0x22
              ? cursor.string("a session id")
              : String(cursor.identifier("a session id"));
            break;
          case DELAY:
            delay = this.#delay(cursor);
            break;
          default:
            this.#ignore(cursor.keyText());
            skipValue(cursor);
        }
      } while (cursor.more(0x7d));
    }
    cursor.finish();
    if ((seen & (1 << INPUT)) === 0) cursor.fail('the key "input_length" is missing', start);
    if ((seen & (1 << OUTPUT)) === 0) cursor.fail('the key "output_length" is missing', start);
    this.#checkBlocks((seen & (1 << HASH_IDS)) !== 0, start, hashAt);
    const session = sessionName === null ? null : this.#session(sessionName);
    const arrivalMs = this.#arrival(timestamp, timestampAt, delay, session, start);
    this.#row.arrivalNs = Math.round(arrivalMs * 1e6);
    this.#row.session = session === null ? -1 : session.number;
    this.#row.turn = session === null ? -1 : session.turns++;
    this.#row.thinkNs = Number.isNaN(delay) ? NaN : Math.round(delay * 1e6);
    if (session !== null) session.lastArrivalMs = arrivalMs;
    this.#builder!.add(this.#row, this.#blocks, this.#blockCount);
  }

  #readBlocks(cursor: JsonCursor): void {
    let count = 0;
    if (cursor.openArray("an array of block ids")) {
      do {
        if (count === this.#blocks.length) {
          const grown = new Uint32Array(2 * count);
          grown.set(this.#blocks);
          this.#blocks = grown;
        }
        this.#blocks[count++] = this.#ids.of(cursor.identifier("a block id, a whole number"));
      } while (cursor.more(0x5d));
    }
    this.#blockCount = count;
  }

  #delay(cursor: JsonCursor): number {
    if (cursor.takeNull()) return NaN;
    const start = cursor.at;
    const delay = cursor.number("a delay in milliseconds");
    if (delay < 0 || delay > MAX_MS) {
      cursor.fail(`the delay ${delay} ms is not between 0 and ${Math.floor(MAX_MS)}`, start);
    }
    return delay;
  }

  #checkBlocks(present: boolean, start: number, hashAt: number): void {
    const cursor = this.#cursor;
    if (this.#builder === null) {
      this.#hasBlocks = present;
      this.#builder = new RequestBuilder(present);
    }
    if (present !== this.#hasBlocks) {
      cursor.fail(
        present
          ? "hash_ids stands here, but not in the lines before"
          : 'the key "hash_ids" is missing, but the lines before have it',
        present ? hashAt : start,
        BLOCKS_HINT,
      );
    }
    if (!present) {
      this.#blockCount = 0;
      return;
    }
    const tokens = this.#row.inputTokens;
    const expected = Math.ceil(tokens / BLOCK_TOKENS);
    if (this.#blockCount !== expected) {
      cursor.fail(
        `hash_ids holds ${this.#blockCount} ids, but input_length ${tokens} needs ${expected} ` +
          `(blocks of ${BLOCK_TOKENS} tokens)`,
        hashAt,
        BLOCKS_HINT,
      );
    }
  }

  #session(name: string): Session {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = { number: this.#sessions.size, turns: 0, lastArrivalMs: 0 };
      this.#sessions.set(name, session);
    }
    return session;
  }

  /** Milliseconds from the start of the trace. Times may be equal but not descend within a session. */
  #arrival(
    timestamp: number,
    timestampAt: number,
    delay: number,
    session: Session | null,
    start: number,
  ): number {
    const cursor = this.#cursor;
    if (Number.isNaN(timestamp)) {
      const follows = session !== null && session.turns > 0;
      if (!follows && Number.isNaN(delay) && session === null) {
        cursor.fail('the key "timestamp" is missing', start);
      }
      this.#derived++;
      return (follows ? session.lastArrivalMs : 0) + (Number.isNaN(delay) ? 0 : delay);
    }
    if (this.#builder!.rows === 0 && timestamp > MAX_MS) this.#baseMs = timestamp;
    const ms = timestamp - this.#baseMs;
    if (timestamp < 0 || ms > MAX_MS) {
      cursor.fail(
        `the timestamp ${timestamp} is out of range: expected milliseconds from 0 to ${
          Math.floor(MAX_MS)
        }`,
        timestampAt,
      );
    }
    const before = session === null ? this.#lastMs : session.turns > 0 ? session.lastArrivalMs : 0;
    if (ms < before) {
      cursor.fail(
        `the timestamp ${timestamp} is smaller than the one before it (${before + this.#baseMs})`,
        timestampAt,
        "equal timestamps are fine, descending ones are not: sort the lines by timestamp",
      );
    }
    if (session === null) {
      if (ms === this.#lastMs && this.#builder!.rows > 0) this.#ties++;
      this.#lastMs = ms;
    }
    return ms;
  }

  #ignore(key: string): void {
    this.#ignored.set(key, (this.#ignored.get(key) ?? 0) + 1);
  }

  /** Batches so far that were not taken yet. */
  *take(all: boolean): Generator<RequestColumns> {
    if (this.#builder !== null) yield* this.#builder.take(all);
  }

  batches(): AsyncIterable<RequestColumns> {
    return (this.#builder ?? new RequestBuilder(false)).batches();
  }

  summary(sha256: string): TraceSummary<"requests"> {
    const builder = this.#builder ?? new RequestBuilder(false);
    const notes = [
      `${counted(builder.rows, "request")}` +
      (this.#hasBlocks
        ? `, ${builder.references.toLocaleString("en-US")} block references to ${
          this.#ids.next.toLocaleString("en-US")
        } blocks of ${BLOCK_TOKENS} tokens`
        : " without block ids"),
    ];
    if (this.#sessions.size > 0) {
      notes.push(`${counted(this.#sessions.size, "session")}`);
    }
    if (this.#ties > 0) {
      notes.push(
        `${counted(this.#ties, "request arrives", "requests arrive")} with the one before`,
      );
    }
    if (this.#baseMs > 0) notes.push("timestamps are wall-clock times; the first counts as zero");
    if (this.#derived > 0) {
      notes.push(
        `${
          this.#derived.toLocaleString("en-US")
        } requests have no timestamp: their arrival is that of the turn before plus the delay`,
      );
    }
    for (const [key, count] of this.#ignored) {
      notes.push(`dropped the key "${key}" of ${counted(count, "request")}`);
    }
    return {
      sha256,
      rows: builder.rows,
      meta: {
        blockTokens: this.#hasBlocks ? BLOCK_TOKENS : null,
        uniqueBlocks: this.#hasBlocks ? this.#ids.next : null,
      },
      notes,
    };
  }
}
