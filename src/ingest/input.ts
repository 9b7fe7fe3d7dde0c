import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createGunzip } from "node:zlib";
import { dataError, messageOf } from "../model/errors.ts";
import type { ImportHead, ImportInput } from "./importer.ts";
import { withPlaces } from "./place.ts";

/** Bytes that formats see when they detect. */
const HEAD_BYTES = 1 << 18;
const CHUNK_BYTES = 1 << 20;

/** An input that is open; `close` removes what was spooled for it. */
export interface OpenInput extends ImportInput {
  /** The file the bytes lie in: the path, or where stdin was spooled to. */
  readonly file: string;
  readonly fileBytes: number;
  head(): Promise<ImportHead>;
  close(): Promise<void>;
}

function startsLikeGzip(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const two = new Uint8Array(2);
    return readSync(file, two, 0, 2, 0) === 2 && two[0] === 0x1f && two[1] === 0x8b;
  } finally {
    closeSync(file);
  }
}

/** Copies stdin to a temporary file, so that it can be read twice and need not fit into memory. */
async function spoolStdin(): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "spillway-stdin-"));
  const path = join(folder, "input");
  await writeFile(path, process.stdin);
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Opens a file, or stdin for `-`. Gzip is recognised by its first bytes and unpacked on the way.
 *
 * @throws {SpillwayError} data error when the file is missing, is a directory, cannot be read or is empty.
 */
export async function openInput(argument: string): Promise<OpenInput> {
  if (argument === "-") {
    const spool = await spoolStdin();
    try {
      return inputOf("<stdin>", spool.path, null, spool.remove);
    } catch (error) {
      await spool.remove();
      throw error;
    }
  }
  return inputOf(argument, argument, argument, () => Promise.resolve());
}

/** Opens the file that another thread opened first: `file` and `label` of its {@link OpenInput}. */
export function reopenInput(label: string, file: string): OpenInput {
  return inputOf(label, file, file, () => Promise.resolve());
}

function inputOf(
  label: string,
  file: string,
  path: string | null,
  close: () => Promise<void>,
): OpenInput {
  let size: number;
  let gzip: boolean;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) {
      throw dataError(
        `${label} is a directory, not a file`,
        "name one file; run import once for each",
      );
    }
    size = stat.size;
    gzip = startsLikeGzip(file);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw dataError(`${label} does not exist`);
    if (code === "EACCES" || code === "EPERM") {
      throw dataError(`${label} cannot be read: permission denied`, "make it readable");
    }
    throw error;
  }
  if (size === 0) {
    throw dataError(`${label} is empty (0 bytes)`, "check that the file was written completely");
  }
  const chunks = () => readChunks(label, file, gzip);
  return {
    label,
    file,
    fileBytes: size,
    path,
    gzip,
    sizeBytes: path === null ? null : size,
    chunks,
    sha256: () => hashOf(file),
    head: () => headOf(chunks),
    close,
  };
}

async function* readChunks(
  label: string,
  file: string,
  gzip: boolean,
): AsyncGenerator<Uint8Array> {
  const raw = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const stream = gzip ? raw.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : raw;
  if (gzip) raw.on("error", (error) => stream.destroy(error));
  try {
    const iterator = stream[Symbol.asyncIterator]();
    for (;;) {
      const next = await withPlaces(label, () => iterator.next());
      if (next.done) return;
      const bytes = next.value as Uint8Array;
      yield new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
  } finally {
    raw.destroy();
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Uint8Array);
  }
  return hash.digest("hex");
}

async function headOf(chunks: () => AsyncIterable<Uint8Array>): Promise<ImportHead> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let complete = true;
  for await (const chunk of chunks()) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= HEAD_BYTES) {
      complete = false;
      break;
    }
  }
  const bytes = new Uint8Array(Math.min(size, HEAD_BYTES));
  let at = 0;
  for (const part of parts) {
    const rest = part.subarray(0, bytes.length - at);
    bytes.set(rest, at);
    at += rest.length;
  }
  return { bytes, text: new TextDecoder().decode(bytes), complete };
}

/** All bytes of an input at once, for formats that are one document. */
export async function readAll(input: ImportInput, maxBytes = 2 ** 31 - 1): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input.chunks()) {
    parts.push(chunk);
    size += chunk.length;
    if (size > maxBytes) {
      throw dataError(`${input.label} unpacks to more than ${maxBytes} bytes`, "split the file");
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** All of an input as text. @throws {SpillwayError} data error when it is not valid UTF-8. */
export async function readAllText(input: ImportInput): Promise<string> {
  const bytes = await readAll(input);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw dataError(
      `${input.label} is not valid UTF-8 (${messageOf(error)})`,
      "convert it to UTF-8",
    );
  }
}
