import { PlaceError } from "./place_error.ts";
import { firstInvalid } from "./utf8.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const ASCII_ENCODER = new TextEncoder();

/** The keys a reader knows, as bytes. */
export type KeyTable = readonly Uint8Array[];

export function keyTable(keys: readonly string[]): KeyTable {
  return keys.map((key) => ASCII_ENCODER.encode(key));
}

/**
 * Reads JSON straight from bytes: no text, no objects. Some three times faster than JSON.parse on
 * rows of numbers, and every error knows its line and column. Numbers follow RFC 8259; a string is checked
 * to be valid UTF-8.
 */
export class JsonCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** Line number of `lineStart`, 1-based. */
  line = 1;
  lineStart = 0;
  #keyStart = 0;
  #keyEnd = 0;

  /** Points the cursor at `bytes[start..end]`, whose first byte stands at the start of line `line`. */
  reset(bytes: Uint8Array, start: number, end: number, line: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.line = line;
    this.lineStart = start;
  }

  /** Throws with the place of byte `offset`. */
  fail(message: string, offset: number = this.at, hint?: string): never {
    let line = this.line;
    let start = this.lineStart;
    for (let i = start; i < offset; i++) {
      if (this.bytes[i] === 0x0a) {
        line++;
        start = i + 1;
      }
    }
    let column = 1;
    // Continuation bytes belong to the character before them.
    for (let i = start; i < offset; i++) if ((this.bytes[i] & 0xc0) !== 0x80) column++;
    throw new PlaceError(line, column, message, hint);
  }

  /** What stands at the cursor, for messages. */
  found(): string {
    if (this.at >= this.end) return "the end of the input";
    const byte = this.bytes[this.at];
    if (byte === 0x0a || byte === 0x0d) return "the end of the line";
    if (byte < 0x20 || byte >= 0x7f) return `byte 0x${byte.toString(16).padStart(2, "0")}`;
    let to = this.at;
    while (to < this.end && to - this.at < 24) {
      const b = this.bytes[to];
      if (b < 0x20 || b >= 0x7f || (to > this.at && (b === 0x2c || b === 0x7d || b === 0x5d))) {
        break;
      }
      to++;
    }
    return `"${String.fromCharCode(...this.bytes.subarray(this.at, to))}"`;
  }

  /** Skips white space and returns the byte under the cursor, -1 at the end. */
  peek(): number {
    const bytes = this.bytes;
    let at = this.at;
    while (at < this.end) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.at = at;
        return byte;
      }
      at++;
    }
    this.at = at;
    return -1;
  }

  /** Skips white space and takes the byte, or fails saying that `what` was expected. */
  expect(byte: number, what: string): void {
    if (this.peek() !== byte) this.fail(`expected ${what}, but found ${this.found()}`);
    this.at++;
  }

  /** After a member or item: true when another follows, false at the closing byte. */
  more(close: number): boolean {
    const byte = this.peek();
    if (byte === 0x2c) {
      this.at++;
      return true;
    }
    if (byte !== close) {
      this.fail(`expected a comma or "${String.fromCharCode(close)}", but found ${this.found()}`);
    }
    this.at++;
    return false;
  }

  /** Takes `{`; false when the object is empty (its `}` is then taken too). */
  openObject(what: string): boolean {
    this.expect(0x7b, what);
    if (this.peek() !== 0x7d) return true;
    this.at++;
    return false;
  }

  /** Takes `[`; false when the array is empty (its `]` is then taken too). */
  openArray(what: string): boolean {
    this.expect(0x5b, what);
    if (this.peek() !== 0x5d) return true;
    this.at++;
    return false;
  }

  /**
   * Takes a key and its colon; returns the key's index in the table, -1 for an unknown one. `guess` is
   * tried first: rows mostly have their keys in the same order.
   */
  key(table: KeyTable, guess: number): number {
    if (this.peek() !== QUOTE) this.fail(`expected a key in quotes, but found ${this.found()}`);
    const start = this.at + 1;
    let index = guess >= 0 && guess < table.length && this.#matches(table[guess], start)
      ? guess
      : -1;
    for (let i = 0; index < 0 && i < table.length; i++) {
      if (this.#matches(table[i], start)) index = i;
    }
    if (index >= 0) this.at = start + table[index].length + 1;
    else this.skipString();
    this.#keyStart = start - 1;
    this.#keyEnd = this.at;
    this.expect(0x3a, 'a colon ":"');
    return index;
  }

  /** Text of the key taken last; nested values may have moved on since. */
  keyText(): string {
    return JSON.parse(UTF8.decode(this.bytes.subarray(this.#keyStart, this.#keyEnd))) as string;
  }

  /** Offset of the key taken last. */
  get keyStart(): number {
    return this.#keyStart;
  }

  #matches(key: Uint8Array, start: number): boolean {
    const bytes = this.bytes;
    const end = start + key.length;
    if (end >= this.end || bytes[end] !== QUOTE) return false;
    for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
    return true;
  }

  /** A number. */
  number(what: string): number {
    const byte = this.peek();
    const bytes = this.bytes;
    const start = this.at;
    let at = start;
    let value = 0;
    while (at < this.end) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const next = at < this.end ? bytes[at] : 0;
    const digits = at - start;
    const plain = digits > 0 && digits < 16 && next !== 0x2e && (next | 0x20) !== 0x65 &&
      !(digits > 1 && byte === 0x30);
    if (plain) {
      this.at = at;
      return value;
    }
    return Number(this.#numberText(what));
  }

  /** The text of the number under the cursor, checked against the grammar of RFC 8259. */
  #numberText(what: string): string {
    const start = this.at;
    let at = start;
    while (at < this.end) {
      const b = this.bytes[at];
      const part = (b >= 0x30 && b <= 0x39) || b === 0x2b || b === 0x2d || b === 0x2e ||
        (b | 0x20) === 0x65;
      if (!part) break;
      at++;
    }
    const text = String.fromCharCode(...this.bytes.subarray(start, Math.min(at, start + 400)));
    if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text)) {
      this.fail(`expected ${what}, but found ${this.found()}`);
    }
    this.at = at;
    return text;
  }

  /** A whole number from 0 to `max`. */
  whole(what: string, max: number): number {
    this.peek();
    const start = this.at;
    const value = this.number(what);
    if (!Number.isInteger(value) || value < 0 || value > max) {
      this.at = start;
      this.fail(`expected ${what} from 0 to ${max}, but found ${this.found()}`);
    }
    return value;
  }

  /** A whole number of any size: a number where a double holds it exactly, else its digits. */
  identifier(what: string): number | string {
    this.peek();
    const start = this.at;
    const value = this.number(what);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    const text = String.fromCharCode(...this.bytes.subarray(start, this.at));
    if (!/^-?[0-9]+$/.test(text)) {
      this.at = start;
      this.fail(`expected ${what}, but found ${this.found()}`);
    }
    return text;
  }

  /** A string, decoded. */
  string(what: string): string {
    if (this.peek() !== QUOTE) this.fail(`expected ${what} in quotes, but found ${this.found()}`);
    const start = this.at;
    this.skipString();
    return JSON.parse(UTF8.decode(this.bytes.subarray(start, this.at))) as string;
  }

  /** Skips a string, checking its escapes and that it is valid UTF-8. */
  skipString(): void {
    const start = this.at;
    const bytes = this.bytes;
    let at = start + 1;
    let high = false;
    let escaped = false;
    for (;;) {
      if (at >= this.end) this.fail("the string that starts here has no end", start);
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        escaped = true;
        at++;
      } else if (byte < 0x20) {
        this.fail(`a string may not hold the control byte 0x${byte.toString(16)}`, at);
      } else if (byte >= 0x80) high = true;
      at++;
    }
    if (high) this.#checkUtf8(start + 1, at);
    this.at = at + 1;
    if (escaped) this.#checkEscapes(start);
  }

  #checkUtf8(from: number, to: number): void {
    try {
      UTF8.decode(this.bytes.subarray(from, to));
    } catch {
      this.fail(
        "the string holds bytes that are not valid UTF-8",
        firstInvalid(this.bytes, from, to),
        "convert the file to UTF-8 (iconv -t utf-8)",
      );
    }
  }

  #checkEscapes(start: number): void {
    try {
      JSON.parse(UTF8.decode(this.bytes.subarray(start, this.at)));
    } catch {
      this.fail("the string holds an escape that JSON does not know", start);
    }
  }

  /** Takes `null` when it stands here. */
  takeNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.word("null");
    return true;
  }

  /** Takes `true`, `false` or `null`. */
  word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.at + i >= this.end || this.bytes[this.at + i] !== word.charCodeAt(i)) {
        this.fail(`expected a JSON value, but found ${this.found()}`);
      }
    }
    this.at += word.length;
  }

  /** Fails when anything but white space is left. */
  finish(): void {
    if (this.peek() !== -1) {
      this.fail(`expected the end of the line after the object, but found ${this.found()}`);
    }
  }
}
