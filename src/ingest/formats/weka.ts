import type { Trace } from "../../model/trace/trace.ts";
import { JsonCursor, keyTable } from "../../parse/json_cursor.ts";
import { DenseIds } from "../dense_ids.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAll } from "../input.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { RequestBuilder, type RequestRow } from "../request_builder.ts";

const MAX_TOKENS = 4294967295;
const MAX_SECONDS = Number.MAX_SAFE_INTEGER / 1e9;
const MAX_BLOCKS = 1 << 28;
const BLOCKS_HINT = "hash_ids holds one id for every full block of the prompt: correct the session";

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

function detect(head: ImportHead): number {
  const text = head.text.slice(0, 65536);
  if (!/^\uFEFF?\s*\{/.test(text)) return 0;
  const keys = ["block_size", "requests", "hash_id_scope"].filter((key) =>
    new RegExp(`"${key}"\\s*:`).test(text)
  );
  if (!keys.includes("requests")) return 0;
  if (keys.length > 1) return keys.length === 3 ? 0.97 : 0.8;
  // The keys of the session may stand after all its requests.
  const request = ["in", "out", "t"].every((key) =>
    new RegExp(`"${key}"\\s*:\\s*[0-9]`).test(text)
  );
  return request && /"(hash_ids|a)"\s*:\s*\[/.test(text) ? 0.7 : 0;
}

/** Reads sessions one after another; holds what requests share with the one before them. */
class WekaReader {
  readonly cursor = new JsonCursor();
  readonly #ids = new DenseIds();
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
  /** Dense ids of the request before, and how many. */
  #blocks = new Uint32Array(4096);
  #blockCount = 0;
  /** Dense ids of the request being read that its own text gives. */
  #fresh = new Uint32Array(4096);
  #freshCount = 0;

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
          cursor.skipValue();
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
    if (this.#scope === "local") this.#ids.clear();
    this.#blockCount = 0;
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
    this.#freshCount = 0;
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
            this.#readIds();
            break;
          case K:
            sharedAt = cursor.at;
            shared = cursor.whole("k, a number of blocks", MAX_BLOCKS);
            break;
          case A:
            blocksAt = cursor.at;
            this.#readRanges();
            break;
          case REQUESTS:
            // Read after the request's own row, wherever the key stands.
            requestsAt = cursor.at;
            cursor.skipValue();
            break;
          case TYPE:
          default:
            cursor.skipValue();
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
    this.#assemble(shared, sharedAt, inputTokens, blocksAt);
    if (Number.isNaN(think)) this.#withoutThink++;
    this.#row.arrivalNs = Math.round(seconds * 1e9);
    this.#row.inputTokens = inputTokens;
    this.#row.outputTokens = outputTokens;
    this.#row.session = session.number;
    this.#row.turn = session.turns++;
    this.#row.thinkNs = Math.round(think * 1e9);
    this.#builder.add(this.#row, this.#blocks, this.#blockCount);
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

  #pushFresh(dense: number): void {
    if (this.#freshCount === this.#fresh.length) {
      const grown = new Uint32Array(2 * this.#fresh.length);
      grown.set(this.#fresh);
      this.#fresh = grown;
    }
    this.#fresh[this.#freshCount++] = dense;
  }

  #readIds(): void {
    const cursor = this.cursor;
    if (!cursor.openArray("an array of block ids")) return;
    do this.#pushFresh(this.#ids.of(cursor.identifier("a block id, a whole number"))); while (
      cursor.more(0x5d)
    );
  }

  /** Ranges `[start, count]` of block ids: the compact form of a session. */
  #readRanges(): void {
    const cursor = this.cursor;
    if (!cursor.openArray("an array of ranges [start, count]")) return;
    do {
      cursor.expect(0x5b, "a range [start, count]");
      const from = cursor.whole("the first id of a range", Number.MAX_SAFE_INTEGER);
      cursor.expect(0x2c, "a comma");
      cursor.peek();
      const countAt = cursor.at;
      const count = cursor.whole("the count of a range", MAX_BLOCKS);
      cursor.expect(0x5d, 'a closing "]"');
      if (this.#freshCount + count > MAX_BLOCKS) {
        cursor.fail(`the ranges of one request hold more than ${MAX_BLOCKS} blocks`, countAt);
      }
      for (let i = 0; i < count; i++) this.#pushFresh(this.#ids.of(from + i));
    } while (cursor.more(0x5d));
  }

  /** The request's list: the first `shared` ids of the request before, then the fresh ones. */
  #assemble(shared: number, sharedAt: number, inputTokens: number, blocksAt: number): void {
    const cursor = this.cursor;
    if (shared > this.#blockCount) {
      cursor.fail(
        `k is ${shared}, but the request before has ${this.#blockCount} blocks`,
        sharedAt,
      );
    }
    const count = shared + this.#freshCount;
    const expected = Math.floor(inputTokens / this.#blockTokens);
    if (count !== expected) {
      cursor.fail(
        `the request has ${count} block ids, but ${inputTokens} tokens are ${expected} full blocks of ` +
          `${this.#blockTokens}`,
        blocksAt,
        BLOCKS_HINT,
      );
    }
    if (count > this.#blocks.length) {
      const grown = new Uint32Array(2 * count);
      grown.set(this.#blocks.subarray(0, shared));
      this.#blocks = grown;
    }
    this.#blocks.set(this.#fresh.subarray(0, this.#freshCount), shared);
    this.#blockCount = count;
  }

  finish(sha256: string): Trace<"requests"> {
    const builder = this.#builder;
    const number = (value: number) => value.toLocaleString("en-US");
    const notes = [
      `${number(this.#sessions)} sessions, ${number(builder.rows)} requests, ${
        number(builder.references)
      } block references to ${number(this.#ids.next)} blocks of ${this.#blockTokens} tokens`,
      "sessions share no clock: each starts at 0, and they stand one after another in file order",
    ];
    if (this.#nested > 0) {
      notes.push(`requests of ${number(this.#nested)} sub-agents stand where their agent does`);
    }
    if (this.#withoutThink > 0) {
      notes.push(`${number(this.#withoutThink)} requests have no think time`);
    }
    return {
      kind: "requests",
      name: "",
      format: "weka",
      sha256,
      rows: builder.rows,
      meta: { blockTokens: this.#blockTokens, uniqueBlocks: this.#ids.next },
      notes,
      batches: () => builder.batches(),
    };
  }
}

/** Whether the first line holds a whole session, so that the input can be read line by line. */
async function isLines(input: ImportInput): Promise<boolean> {
  for await (const chunk of input.chunks()) {
    const text = new TextDecoder().decode(chunk).replace(/^\uFEFF?\s+/, "");
    const end = text.indexOf("\n");
    return end < 0 || text.slice(0, end).trimEnd().endsWith("}");
  }
  return true;
}

async function read(input: ImportInput): Promise<Trace<"requests">> {
  const reader = new WekaReader();
  const { cursor } = reader;
  if (await isLines(input)) {
    await forEachLine(input, (bytes, start, end, line) => {
      if (isBlank(bytes, start, end)) return;
      cursor.reset(bytes, start, end, line);
      reader.session();
      cursor.finish();
    });
  } else {
    const bytes = await readAll(input);
    cursor.reset(bytes, 0, bytes.length, 1);
    while (cursor.peek() !== -1) reader.session();
  }
  return reader.finish(await input.sha256());
}

/**
 * Agent sessions of the WEKA trace: `trace_*.json` as published (one session a file, `hash_ids` of
 * `block_size` tokens, sub-agents nested), and their lossless compact form, one session a line, where a
 * request has `k` (length of the prefix shared with the request before it in document order) and `a` (ranges
 * `[start, count]`). Rules: block ids are local to a session; a request has `floor(in / block_size)` of
 * them; times may be equal but not descend within a session.
 */
export const format: Importer<"requests"> = {
  name: "weka",
  kind: "requests",
  summary: "WEKA agent sessions: trace_*.json as published, or one session a line in compact form",
  reference: "callanjfox/kv-cache-tester, traces/ (Apache-2.0)",
  detect,
  read,
};
