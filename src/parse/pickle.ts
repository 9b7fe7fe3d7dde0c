import { dataError } from "../model/errors.ts";

/** What a safe pickle holds: dictionaries become maps, tuples and lists arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>;

/** Opcodes that could build an object or run code; a snapshot needs none of them. */
const REFUSED: Readonly<Record<number, string>> = {
  0x63: "GLOBAL",
  0x93: "STACK_GLOBAL",
  0x52: "REDUCE",
  0x62: "BUILD",
  0x69: "INST",
  0x6f: "OBJ",
  0x81: "NEWOBJ",
  0x92: "NEWOBJ_EX",
  0x50: "PERSID",
  0x51: "BINPERSID",
  0x82: "EXT1",
  0x83: "EXT2",
  0x84: "EXT4",
  0x97: "NEXT_BUFFER",
  0x98: "READONLY_BUFFER",
};

const MARK = Symbol("mark");
type Slot = PickleValue | typeof MARK;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a pickle of plain data (protocols 2 to 5): numbers, text, lists, tuples and dictionaries. Every
 * opcode that could build an object is refused.
 *
 * @param label Place for messages: the file's name.
 * @throws data error naming the byte offset.
 */
export function parsePickle(bytes: Uint8Array, label: string): PickleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo: PickleValue[] = [];
  const stack: Slot[] = [];
  let at = 0;

  const fail = (what: string, hint?: string): never => {
    throw dataError(`${label}: byte ${at}: ${what}`, hint ?? "the file is damaged or is no pickle");
  };
  const need = (count: number): number => {
    if (count < 0 || at + count > bytes.length) fail("the pickle ends in the middle of a value");
    const start = at;
    at += count;
    return start;
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    if (value === undefined || value === MARK) return fail("a value is missing on the stack");
    return value as PickleValue;
  };
  const toMark = (): PickleValue[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) fail("a list or dictionary ends that never began");
    const values = stack.splice(mark + 1) as PickleValue[];
    stack.pop();
    return values;
  };
  const top = (): Slot =>
    stack.length === 0 ? fail("a value is missing on the stack") : stack.at(-1)!;
  const setItems = (values: readonly PickleValue[]): void => {
    const target = top();
    if (!(target instanceof Map)) return fail("items are set on something that is no dictionary");
    if (values.length % 2 !== 0) fail("a dictionary key has no value");
    for (let i = 0; i < values.length; i += 2) target.set(values[i], values[i + 1]);
  };
  const append = (values: readonly PickleValue[]): void => {
    const target = top();
    if (!Array.isArray(target)) return fail("items are appended to something that is no list");
    for (const value of values) target.push(value);
  };
  const recall = (index: number): void => {
    if (index >= memo.length || memo[index] === undefined) fail(`memo ${index} was never stored`);
    stack.push(memo[index]);
  };
  const text = (length: number): string => {
    const start = need(length);
    try {
      return UTF8.decode(bytes.subarray(start, start + length));
    } catch {
      return fail("a text is not valid UTF-8");
    }
  };
  const long = (length: number): number | bigint => {
    const start = need(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[start + i]);
    if (length > 0 && bytes[start + length - 1] & 0x80) value -= 1n << BigInt(8 * length);
    const narrow = Number(value);
    return Number.isSafeInteger(narrow) ? narrow : value;
  };
  const u64 = (): number => {
    const value = view.getBigUint64(need(8), true);
    if (value > BigInt(bytes.length)) fail(`a length of ${value} bytes is beyond the end`);
    return Number(value);
  };

  if (bytes.length === 0) fail("the file is empty", "expected a pickled memory snapshot");
  if (bytes[0] !== 0x80) fail("this is no pickle of protocol 2 or later");
  for (;;) {
    const code = bytes[need(1)];
    switch (code) {
      case 0x80: {
        const protocol = bytes[need(1)];
        if (protocol < 2 || protocol > 5) fail(`pickle protocol ${protocol} is not supported`);
        break;
      }
      case 0x95: // FRAME
        need(8);
        break;
      case 0x2e: {
        const value = pop();
        if (stack.length > 0) fail("values are left over at the end");
        return value;
      }
      case 0x28:
        stack.push(MARK);
        break;
      case 0x30: // POP
        stack.pop();
        break;
      case 0x31: // POP_MARK
        toMark();
        break;
      case 0x32: // DUP
        stack.push(top());
        break;
      case 0x4e:
        stack.push(null);
        break;
      case 0x88:
        stack.push(true);
        break;
      case 0x89:
        stack.push(false);
        break;
      case 0x4a:
        stack.push(view.getInt32(need(4), true));
        break;
      case 0x4b:
        stack.push(bytes[need(1)]);
        break;
      case 0x4d:
        stack.push(view.getUint16(need(2), true));
        break;
      case 0x8a:
        stack.push(long(bytes[need(1)]));
        break;
      case 0x8b:
        stack.push(long(view.getInt32(need(4), true)));
        break;
      case 0x47:
        stack.push(view.getFloat64(need(8), false));
        break;
      case 0x8c:
        stack.push(text(bytes[need(1)]));
        break;
      case 0x58:
        stack.push(text(view.getUint32(need(4), true)));
        break;
      case 0x8d:
        stack.push(text(u64()));
        break;
      case 0x7d:
        stack.push(new Map());
        break;
      case 0x5d:
      case 0x29:
        stack.push([]);
        break;
      case 0x85:
        stack.push([pop()]);
        break;
      case 0x86: {
        const b = pop();
        stack.push([pop(), b]);
        break;
      }
      case 0x87: {
        const c = pop();
        const b = pop();
        stack.push([pop(), b, c]);
        break;
      }
      case 0x74:
      case 0x6c:
        stack.push(toMark());
        break;
      case 0x64: {
        const values = toMark();
        stack.push(new Map());
        setItems(values);
        break;
      }
      case 0x61: {
        const value = pop();
        append([value]);
        break;
      }
      case 0x65:
        append(toMark());
        break;
      case 0x73: {
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 0x75:
        setItems(toMark());
        break;
      case 0x94: // MEMOIZE
        memo.push(top() as PickleValue);
        break;
      case 0x71:
        memo[bytes[need(1)]] = top() as PickleValue;
        break;
      case 0x72:
        memo[view.getUint32(need(4), true)] = top() as PickleValue;
        break;
      case 0x68:
        recall(bytes[need(1)]);
        break;
      case 0x6a:
        recall(view.getUint32(need(4), true));
        break;
      default: {
        const name = REFUSED[code];
        fail(
          name === undefined
            ? `opcode 0x${code.toString(16)} is not one of plain data`
            : `the pickle wants to build an object (${name}), which is refused`,
          name === undefined
            ? undefined
            : "a memory snapshot holds plain data only; do not trust this file",
        );
      }
    }
  }
}
