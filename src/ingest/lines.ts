import { dataError } from "../model/errors.ts";
import type { ImportInput } from "./importer.ts";

/** Takes the line `bytes[start..end]`; the bytes are only lent. */
export type LineHandler = (bytes: Uint8Array, start: number, end: number, line: number) => void;

/** Longest line that is read: a request with a million block ids takes some 8 MB. */
const MAX_LINE_BYTES = 1 << 28;

/**
 * Calls `handle` for every line with the buffer and the offsets of the line in it, without its line end.
 * The buffer is reused: nothing may keep it. Memory is one chunk and one line.
 *
 * @returns the number of lines.
 */
export async function forEachLine(input: ImportInput, handle: LineHandler): Promise<number> {
  let lines = 0;
  for await (const count of lineChunks(input, handle)) lines = count;
  return lines;
}

/** As {@link forEachLine}, but gives the number of lines so far after each chunk that was read. */
export async function* lineChunks(
  input: ImportInput,
  handle: LineHandler,
): AsyncGenerator<number> {
  let line = 0;
  // Pieces of a line that spans chunks: joined once, when its end is there.
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const take = (bytes: Uint8Array, start: number, end: number) => {
    line++;
    const from = line === 1 ? start + byteOrderMark(bytes) : start;
    handle(bytes, from, end > from && bytes[end - 1] === 0x0d ? end - 1 : end, line);
  };
  const takePending = () => {
    const whole = concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    take(whole, 0, whole.length);
  };
  for await (const chunk of input.chunks()) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      if (pendingBytes === 0) take(chunk, start, end);
      else {
        pending.push(chunk.subarray(start, end));
        pendingBytes += end - start;
        takePending();
      }
      start = end + 1;
    }
    if (start < chunk.length) {
      pending.push(chunk.slice(start));
      pendingBytes += chunk.length - start;
    }
    if (pendingBytes > MAX_LINE_BYTES) {
      throw dataError(
        `${input.label}:${line + 1}: the line is longer than ${MAX_LINE_BYTES} bytes`,
        "this is not a file of lines; name its format with --format",
      );
    }
    yield line;
  }
  if (pendingBytes > 0) takePending();
  yield line;
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Length of the mark that some editors put before UTF-8 text. */
function byteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Whether a line holds nothing but white space. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x20 && bytes[i] !== 0x09) return false;
  return true;
}
