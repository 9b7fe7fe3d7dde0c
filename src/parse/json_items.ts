import { PlaceError } from "./place_error.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Where a value stands: keys of objects as text, places in arrays as numbers. */
export type JsonPath = readonly (string | number)[];

/**
 * Cuts single values out of a JSON document that is too large to hold: bytes go in, the bytes of every wanted
 * value come out. What is not wanted is only followed, not read.
 */
export class JsonItems {
  readonly #wanted: (path: JsonPath) => boolean;
  readonly #take: (bytes: Uint8Array, path: JsonPath, line: number) => void;
  readonly #path: (string | number)[] = [];
  readonly #closers: number[] = [];
  /** Bytes of the value being cut out, from chunks before; null when none is. */
  #pieces: Uint8Array[] | null = null;
  #captureDepth = -1;
  #captureLine = 0;
  #inString = false;
  #escaped = false;
  readonly #utf8 = new TextDecoder();
  /** A member's key was read; its bytes, where its name matters. */
  #hasKey = false;
  #key: number[] | null = null;
  /** A member's key, or a value is about to begin. */
  #expectsKey = false;
  #expectsValue = true;
  #started = false;
  line = 1;

  /** @param take The bytes are only lent. */
  constructor(
    wanted: (path: JsonPath) => boolean,
    take: (bytes: Uint8Array, path: JsonPath, line: number) => void,
  ) {
    this.#wanted = wanted;
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    let from = this.#pieces === null ? -1 : 0;
    let i = 0;
    // The end of a scalar is only seen at the byte behind it.
    const finish = (end: number) => {
      if (this.#captureDepth !== this.#closers.length || from < 0 && this.#pieces === null) return;
      const last = chunk.subarray(Math.max(from, 0), end);
      const bytes = this.#pieces === null || this.#pieces.length === 0
        ? last
        : joined([...this.#pieces, last]);
      this.#pieces = null;
      this.#captureDepth = -1;
      from = -1;
      this.#take(bytes, this.#path, this.#captureLine);
    };
    const begin = () => {
      this.#expectsValue = false;
      if (this.#captureDepth >= 0 || !this.#wanted(this.#path)) return;
      this.#captureDepth = this.#closers.length;
      this.#captureLine = this.line;
      this.#pieces = [];
      from = i;
    };
    for (; i < chunk.length; i++) {
      const byte = chunk[i];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else {
          // The rest of the text up to its end, without looking at each byte anew.
          let end = i;
          while (end < chunk.length && chunk[end] !== QUOTE && chunk[end] !== BACKSLASH) end++;
          if (this.#key !== null) { for (; i < end; i++) this.#key.push(chunk[i]); }
          i = end;
          if (i === chunk.length) break;
          if (chunk[i] === BACKSLASH) this.#escaped = true;
          else {
            this.#inString = false;
            continue;
          }
        }
        this.#key?.push(chunk[i]);
        continue;
      }
      switch (byte) {
        case 0x0a:
          this.line++;
          break;
        case 0x20:
        case 0x0d:
        case 0x09:
          break;
        case QUOTE:
          this.#inString = true;
          if (this.#expectsKey) {
            // Nobody asks for the path inside of a value that is cut out.
            this.#key = this.#captureDepth < 0 ? [] : null;
            this.#hasKey = true;
            this.#expectsKey = false;
          } else if (this.#expectsValue) begin();
          break;
        case COLON:
          if (!this.#hasKey) this.#fail("a colon");
          if (this.#key !== null) {
            this.#path[this.#path.length - 1] = this.#utf8.decode(Uint8Array.from(this.#key));
          }
          this.#key = null;
          this.#hasKey = false;
          this.#expectsValue = true;
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          if (!this.#expectsValue) this.#fail("an opening bracket");
          begin();
          this.#started = true;
          this.#closers.push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY);
          this.#path.push(byte === OPEN_OBJECT ? "" : 0);
          this.#expectsKey = byte === OPEN_OBJECT;
          this.#expectsValue = byte === OPEN_ARRAY;
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          finish(i);
          if (this.#closers.pop() !== byte) this.#fail("a closing bracket");
          this.#path.pop();
          this.#expectsKey = this.#expectsValue = false;
          finish(i + 1);
          break;
        case COMMA:
          finish(i);
          if (this.#closers.at(-1) === CLOSE_ARRAY) {
            (this.#path[this.#path.length - 1] as number)++;
            this.#expectsValue = true;
          } else this.#expectsKey = true;
          break;
        default:
          if (this.#expectsValue) begin();
          else if (this.#expectsKey) this.#fail("something that is no key");
      }
    }
    if (this.#pieces !== null) this.#pieces.push(chunk.slice(Math.max(from, 0)));
  }

  /** @throws {PlaceError} when the document ends too early. */
  end(): void {
    if (!this.#started) throw new PlaceError(1, 1, "this is no JSON object or array");
    if (this.#inString || this.#closers.length > 0) {
      throw new PlaceError(
        this.line,
        1,
        "the JSON ends in the middle of a value",
        "the file is truncated: fetch it again",
      );
    }
  }

  #fail(what: string): never {
    throw new PlaceError(this.line, 1, `${what} stands where it cannot`, "this is not valid JSON");
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
