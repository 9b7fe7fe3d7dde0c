import { counted } from "../model/plural.ts";
import type { Trace } from "../model/trace/trace.ts";
import { JsonCursor, keyTable } from "../parse/json_cursor.ts";
import { skipValue } from "../parse/skip_value.ts";
import { RequestBuilder, type RequestRow } from "./request_builder.ts";
import { WekaBlocks } from "./weka_blocks.ts";

const MAX_TOKENS = 4294967295;
const MAX_SECONDS = Number.MAX_SAFE_INTEGER / 1e9;
const MAX_BLOCKS = 1 << 28;

const SESSION_KEYS = keyTable(["requests", "block_size", "hash_id_scope"]);
const REQUEST_KEYS = keyTable([
  "t",
  "type",
  "model",
  "in",
  "out",
  "hash_ids",
  "k",
  "a",
  "think_time",
  "requests",
]);
const [T, TYPE, , IN, OUT, HASH_IDS, K, A, THINK, REQUESTS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Clock and turns of the session being read. */
interface SessionState {
  number: number;
  turns: number;
}

/** Reads sessions one after another; holds what requests share with the one before them. */
export class WekaReader {
  readonly cursor = new JsonCursor();
  readonly #blocks = new WekaBlocks();
  readonly #builder = new RequestBuilder(true);
  readonly #row: RequestRow = {
    arrivalNs: 0,
    inputTokens: 0,
    outputTokens: 0,
    session: 0,
    turn: 0,
    thinkNs: NaN,
  };
  #blockTokens = 0;
  #scope = "local";
  #sessions = 0;
  #nested = 0;
  #withoutThink = 0;

  /** Reads one session object at the cursor. */
  session(): void {
    const cursor = this.cursor;
    const start = cursor.at;
    let requestsAt = -1;
    let blockSize = -1;
    let blockSizeAt = start;
    let seen = 0;
    if (cursor.openObject("a session object")) {
      do {
        const key = cursor.key(SESSION_KEYS, -1);
        if (key >= 0 && (seen & (1 << key)) !== 0) {
          cursor.fail(`the key "${cursor.keyText()}" stands twice`, cursor.keyStart);
        }
        if (key >= 0) seen |= 1 << key;
        if (key === 1) {
          cursor.peek();
          blockSizeAt = cursor.at;
          blockSize = cursor.whole("block_size, a number of tokens", 1 << 20);
        } else if (key === 2) this.#readScope();
        else {
          if (key === 0) {
            cursor.peek();
            requestsAt = cursor.at;
          }
          // Requests are read once everything they depend on is known, wherever it stands.
          skipValue(cursor);
        }
      } while (cursor.more(0x7d));
    }
    if (blockSize < 0) cursor.fail('the key "block_size" is missing from the session', start);
    if (requestsAt < 0) cursor.fail('the key "requests" is missing from the session', start);
    if (blockSize === 0) cursor.fail("block_size must be at least 1 token", blockSizeAt);
    if (this.#sessions > 0 && blockSize !== this.#blockTokens) {
      cursor.fail(
        `block_size is ${blockSize}, but ${this.#blockTokens} in the sessions before`,
        blockSizeAt,
        "import sessions of different block sizes as different traces",
      );
    }
    this.#blockTokens = blockSize;
    this.#blocks.startSession(this.#scope === "local");
    const end = cursor.at;
    cursor.at = requestsAt;
    this.#requests({ number: this.#sessions++, turns: 0 }, 0);
    cursor.at = end;
  }

  #readScope(): void {
    const cursor = this.cursor;
    cursor.peek();
    const start = cursor.at;
    this.#scope = cursor.string("hash_id_scope");
    if (this.#scope !== "local" && this.#scope !== "global") {
      cursor.fail(`hash_id_scope must be "local" or "global", but is "${this.#scope}"`, start);
    }
  }

  #requests(session: SessionState, depth: number): void {
    const cursor = this.cursor;
    if (depth > 20) cursor.fail("sub-agents are nested deeper than 20 levels");
    if (!cursor.openArray("an array of requests")) return;
    let lastSeconds = -Infinity;
    do lastSeconds = this.#request(session, depth, lastSeconds); while (cursor.more(0x5d));
  }

  /** Reads one request and returns its time in seconds. */
  #request(session: SessionState, depth: number, lastSeconds: number): number {
    const cursor = this.cursor;
    cursor.peek();
    const start = cursor.at;
    let seen = 0;
    let seconds = NaN;
    let secondsAt = start;
    let inputTokens = 0;
    let outputTokens = 0;
    let shared = 0;
    let sharedAt = start;
    let think = NaN;
    let blocksAt = start;
    let requestsAt = -1;
    let guess = 0;
    this.#blocks.startRequest();
    if (cursor.openObject("a request object")) {
      do {
        const key = cursor.key(REQUEST_KEYS, guess);
        guess = key + 1;
        if (key >= 0) {
          if ((seen & (1 << key)) !== 0) {
            cursor.fail(`the key "${cursor.keyText()}" stands twice`, cursor.keyStart);
          }
          seen |= 1 << key;
        }
        cursor.peek();
        switch (key) {
          case T:
            secondsAt = cursor.at;
            seconds = this.#seconds("t, seconds from the start of the session");
            break;
          case IN:
            inputTokens = cursor.whole("in, a number of tokens", MAX_TOKENS);
            break;
          case OUT:
            outputTokens = cursor.whole("out, a number of tokens", MAX_TOKENS);
            break;
          case THINK:
            think = cursor.takeNull() ? NaN : this.#seconds("think_time in seconds");
            break;
          case HASH_IDS:
            blocksAt = cursor.at;
            this.#blocks.readIds(cursor);
            break;
          case K:
            sharedAt = cursor.at;
            shared = cursor.whole("k, a number of blocks", MAX_BLOCKS);
            break;
          case A:
            blocksAt = cursor.at;
            this.#blocks.readRanges(cursor);
            break;
          case REQUESTS:
            // Read after the request's own row, wherever the key stands.
            requestsAt = cursor.at;
            skipValue(cursor);
            break;
          case TYPE:
          default:
            skipValue(cursor);
        }
      } while (cursor.more(0x7d));
    }
    if (Number.isNaN(seconds)) cursor.fail('the key "t" is missing from the request', start);
    if (seconds < lastSeconds) {
      cursor.fail(
        `t is ${seconds} s, but ${lastSeconds} s in the request before`,
        secondsAt,
        "requests of a session stand in the order of their times; equal times are fine",
      );
    }
    const has = (key: number) => (seen & (1 << key)) !== 0;
    const nested = () => {
      if (requestsAt < 0) return;
      const end = cursor.at;
      cursor.at = requestsAt;
      this.#nested++;
      this.#requests(session, depth + 1);
      cursor.at = end;
    };
    if (!has(IN)) {
      if (!has(REQUESTS)) cursor.fail('the key "in" is missing from the request', start);
      nested();
      return seconds;
    }
    if (!has(OUT)) cursor.fail('the key "out" is missing from the request', start);
    if (!has(HASH_IDS) && !has(A)) {
      cursor.fail('the request has no block ids: neither "hash_ids" nor "k" and "a"', start);
    }
    this.#blocks.assemble(
      cursor,
      { shared, sharedAt, inputTokens, blocksAt },
      this.#blockTokens,
    );
    if (Number.isNaN(think)) this.#withoutThink++;
    this.#row.arrivalNs = Math.round(seconds * 1e9);
    this.#row.inputTokens = inputTokens;
    this.#row.outputTokens = outputTokens;
    this.#row.session = session.number;
    this.#row.turn = session.turns++;
    this.#row.thinkNs = Math.round(think * 1e9);
    this.#builder.add(this.#row, this.#blocks.ids, this.#blocks.count);
    nested();
    return seconds;
  }

  #seconds(what: string): number {
    const cursor = this.cursor;
    const start = cursor.at;
    const seconds = cursor.number(what);
    if (seconds < 0 || seconds > MAX_SECONDS) {
      cursor.fail(`${seconds} s is out of range: expected 0 to ${Math.floor(MAX_SECONDS)}`, start);
    }
    return seconds;
  }

  finish(sha256: string): Trace<"requests"> {
    const builder = this.#builder;
    const number = (value: number) => value.toLocaleString("en-US");
    const notes = [
      `${counted(this.#sessions, "session")}, ${counted(builder.rows, "request")}, ${
        number(builder.references)
      } block references to ${number(this.#blocks.distinct)} blocks of ${this.#blockTokens} tokens`,
      "sessions share no clock: each starts at 0, and they stand one after another in file order",
    ];
    if (this.#nested > 0) {
      notes.push(`requests of ${number(this.#nested)} sub-agents stand where their agent does`);
    }
    if (this.#withoutThink > 0) {
      notes.push(`${counted(this.#withoutThink, "request has", "requests have")} no think time`);
    }
    return {
      kind: "requests",
      name: "",
      format: "weka",
      sha256,
      rows: builder.rows,
      meta: { blockTokens: this.#blockTokens, uniqueBlocks: this.#blocks.distinct },
      notes,
      batches: () => builder.batches(),
    };
  }
}
