import { dataError } from "../model/errors.ts";
import type { ImportInput } from "./importer.ts";

/** Longest line that is read: a request with a million block ids takes some 8 MB. */
const MAX_LINE_BYTES = 1 << 28;

/**
 * Calls `handle` for every line with the buffer and the offsets of the line in it, without its line end.
 * The buffer is reused: nothing may keep it. Memory is one chunk and one line.
 *
 * @returns the number of lines.
 */
export async function forEachLine(
  input: ImportInput,
  handle: (bytes: Uint8Array, start: number, end: number, line: number) => void,
): Promise<number> {
  let line = 0;
  let carry = new Uint8Array(0);
  for await (const chunk of input.chunks()) {
    const bytes = carry.length === 0 ? chunk : join(carry, chunk);
    let start = line === 0 && carry.length === 0 ? afterByteOrderMark(bytes) : 0;
    for (;;) {
      const end = bytes.indexOf(0x0a, start);
      if (end < 0) break;
      line++;
      handle(bytes, start, end > start && bytes[end - 1] === 0x0d ? end - 1 : end, line);
      start = end + 1;
    }
    if (bytes.length - start > MAX_LINE_BYTES) {
      throw dataError(
        `${input.label}:${line + 1}: the line is longer than ${MAX_LINE_BYTES} bytes`,
        "this is not a file of lines; name its format with --format",
      );
    }
    carry = bytes.slice(start);
  }
  if (carry.length > 0) {
    line++;
    handle(carry, 0, carry.length, line);
  }
  return line;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function afterByteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Whether a line holds nothing but white space. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x20 && bytes[i] !== 0x09) return false;
  return true;
}
