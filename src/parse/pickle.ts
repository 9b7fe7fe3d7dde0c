import { dataError } from "../model/errors.ts";
import { opcodeSizes, REFUSED } from "./pickle_opcodes.ts";
import { type PickleItems, PickleStack, type PickleValue } from "./pickle_stack.ts";

export type { PickleItems, PickleValue } from "./pickle_stack.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });
const SIZES = opcodeSizes();

/** The bytes that are there but not yet used, joined with those that come. */
class Feed {
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  at = 0;
  /** Bytes before `bytes`, for messages. */
  base = 0;

  push(chunk: Uint8Array): void {
    const rest = this.bytes.subarray(this.at);
    this.base += this.at;
    if (rest.length === 0) this.bytes = chunk as Uint8Array<ArrayBuffer>;
    else {
      this.bytes = new Uint8Array(rest.length + chunk.length);
      this.bytes.set(rest);
      this.bytes.set(chunk, rest.length);
    }
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.at = 0;
  }
}

/**
 * Finds which memo entries of a pickle are ever used again: the others need not be kept. Damage is left to
 * the reader that follows.
 */
export class MemoScan {
  readonly #feed = new Feed();
  readonly used = new Set<number>();
  #ended = false;

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    const feed = this.#feed;
    feed.push(chunk);
    const { bytes, view } = feed;
    const end = bytes.length;
    let at = 0;
    while (at < end) {
      const length = SIZES.lengthAt(bytes, view, at, end);
      if (length === -2) this.#ended = true;
      if (length < 0 || at + length > end) break;
      const code = bytes[at];
      if (code === 0x68) this.used.add(bytes[at + 1]);
      else if (code === 0x6a) this.used.add(view.getUint32(at + 1, true));
      at += length;
    }
    feed.at = at;
  }
}

/**
 * Reads a pickle of plain data (protocols 2 to 5) as its bytes come: numbers, text, lists, tuples and
 * dictionaries. Every opcode that could build an object is refused.
 */
export class PickleReader {
  readonly #label: string;
  readonly #feed = new Feed();
  readonly #stack: PickleStack;
  #value: PickleValue | undefined;
  #started = false;

  /**
   * @param label Place for messages: the file's name.
   * @param used Memo entries to keep; all when absent.
   */
  constructor(label: string, items?: PickleItems, used?: ReadonlySet<number>) {
    this.#label = label;
    this.#stack = new PickleStack((what, hint) => this.#fail(what, hint), items, used);
  }

  #fail(what: string, hint?: string): never {
    throw dataError(
      `${this.#label}: byte ${this.#feed.base + this.#feed.at}: ${what}`,
      hint ?? "the file is damaged or is no pickle",
    );
  }

  /** Takes bytes; all whole opcodes in them are done. @throws data error naming the byte offset. */
  push(chunk: Uint8Array): void {
    const feed = this.#feed;
    feed.push(chunk);
    const { bytes, view } = feed;
    if (!this.#started && bytes.length > 0) {
      if (bytes[0] !== 0x80) this.#fail("this is no pickle of protocol 2 or later");
      this.#started = true;
    }
    const end = bytes.length;
    while (feed.at < end && this.#value === undefined) {
      const length = SIZES.lengthAt(bytes, view, feed.at, end);
      if (length === -2) this.#fail("a length is beyond what a value can have");
      if (length < 0 || feed.at + length > end) return;
      this.#opcode(bytes, view, feed.at, length);
      feed.at += length;
    }
  }

  /** The value, once all bytes were given. */
  end(): PickleValue {
    if (!this.#started) this.#fail("the file is empty", "expected a pickled memory snapshot");
    if (this.#value === undefined) this.#fail("the pickle ends in the middle of a value");
    return this.#value!;
  }

  #text(bytes: Uint8Array): string {
    try {
      return UTF8.decode(bytes);
    } catch {
      return this.#fail("a text is not valid UTF-8");
    }
  }

  #opcode(bytes: Uint8Array, view: DataView, at: number, length: number): void {
    const stack = this.#stack;
    const code = bytes[at];
    switch (code) {
      case 0x80: {
        const protocol = bytes[at + 1];
        if (protocol < 2 || protocol > 5) {
          this.#fail(`pickle protocol ${protocol} is not supported`);
        }
        return;
      }
      case 0x95: // FRAME
        return;
      case 0x2e:
        this.#value = stack.last();
        return;
      case 0x28:
        return stack.mark();
      case 0x30: // POP
        return stack.drop();
      case 0x31: // POP_MARK
        return void stack.toMark();
      case 0x32: // DUP
        return stack.push(stack.top());
      case 0x4e:
        return stack.push(null);
      case 0x88:
        return stack.push(true);
      case 0x89:
        return stack.push(false);
      case 0x4a:
        return stack.push(view.getInt32(at + 1, true));
      case 0x4b:
        return stack.push(bytes[at + 1]);
      case 0x4d:
        return stack.push(view.getUint16(at + 1, true));
      case 0x8a:
        return stack.push(long(bytes.subarray(at + 2, at + length)));
      case 0x8b:
        return stack.push(long(bytes.subarray(at + 5, at + length)));
      case 0x47:
        return stack.push(view.getFloat64(at + 1, false));
      case 0x8c:
        return stack.push(this.#text(bytes.subarray(at + 2, at + length)));
      case 0x58:
        return stack.push(this.#text(bytes.subarray(at + 5, at + length)));
      case 0x8d:
        return stack.push(this.#text(bytes.subarray(at + 9, at + length)));
      case 0x7d:
        return stack.push(new Map());
      case 0x5d:
      case 0x29:
        return stack.push([]);
      case 0x85:
      case 0x86:
      case 0x87:
        return stack.tuple(code - 0x84);
      case 0x74:
      case 0x6c:
        return stack.push(stack.toMark());
      case 0x64: {
        const values = stack.toMark();
        stack.push(new Map());
        return stack.setItems(values);
      }
      case 0x61:
        return stack.append([stack.pop()]);
      case 0x65:
        return stack.append(stack.toMark());
      case 0x73: {
        const value = stack.pop();
        return stack.setItems([stack.pop(), value]);
      }
      case 0x75:
        return stack.setItems(stack.toMark());
      case 0x94: // MEMOIZE
        return stack.store(-1);
      case 0x71:
        return stack.store(bytes[at + 1]);
      case 0x72:
        return stack.store(view.getUint32(at + 1, true));
      case 0x68:
        return stack.recall(bytes[at + 1]);
      case 0x6a:
        return stack.recall(view.getUint32(at + 1, true));
    }
    const name = REFUSED[code];
    if (name === undefined) this.#fail(`opcode 0x${code.toString(16)} is not one of plain data`);
    this.#fail(
      `the pickle wants to build an object (${name}), which is refused`,
      "a memory snapshot holds plain data only; do not trust this file",
    );
  }
}

/** A little-endian integer of any length; a number where that is exact. */
function long(bytes: Uint8Array): number | bigint {
  const { length } = bytes;
  if (length <= 6 || (length === 7 && bytes[6] === 0)) {
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[i];
    return length > 0 && length <= 6 && bytes[length - 1] >= 0x80
      ? value - 2 ** (8 * length)
      : value;
  }
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  if (bytes[length - 1] & 0x80) value -= 1n << BigInt(8 * length);
  const narrow = Number(value);
  return Number.isSafeInteger(narrow) ? narrow : value;
}

/** Reads a whole pickle at once. @throws data error naming the byte offset. */
export function parsePickle(bytes: Uint8Array, label: string): PickleValue {
  const reader = new PickleReader(label);
  reader.push(bytes);
  return reader.end();
}
