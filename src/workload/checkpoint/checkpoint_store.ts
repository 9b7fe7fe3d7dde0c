import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  write,
} from "node:fs";
import { join } from "node:path";
import { fillBlock } from "../kv/block_pattern.ts";

/** Bytes of state that are filled and written at once. */
const PIECE = 2 ** 20;
const HEADER_BYTES = 48;
const MAGIC = "SPWCKPT1";

/** The training state after an iteration: it depends on nothing else, so that anyone can check it. */
export function fillState(state: Uint8Array, iteration: number): void {
  for (let at = 0, piece = 0; at < state.length; at += PIECE, piece++) {
    const bytes = Math.min(PIECE, state.length - at);
    fillBlock(
      new Uint32Array(state.buffer, state.byteOffset + at, bytes >> 2),
      iteration * 4099 + piece,
    );
  }
}

function nameOf(iteration: number): string {
  return `checkpoint-${String(iteration).padStart(9, "0")}`;
}

/** Iterations of the durable checkpoints in a folder, newest first. */
export function durableIterations(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => /^checkpoint-(\d{9})$/.exec(name))
    .filter((match) => match !== null)
    .map((match) => Number(match![1]))
    .sort((a, b) => b - a);
}

/** Why a checkpoint is not intact; null when it is. Header, checksum and the content itself are checked. */
export function damageOf(folder: string, iteration: number, stateBytes: number): string | null {
  const path = join(folder, nameOf(iteration));
  if (!existsSync(path)) return "it is not there";
  const bytes = readFileSync(path);
  if (bytes.length !== HEADER_BYTES + stateBytes) {
    return `it has ${bytes.length} bytes, not ${HEADER_BYTES + stateBytes}`;
  }
  if (bytes.subarray(0, 8).toString("latin1") !== MAGIC) return "its header is not ours";
  if (bytes.readDoubleLE(8) !== iteration) return `it holds iteration ${bytes.readDoubleLE(8)}`;
  const payload = bytes.subarray(HEADER_BYTES);
  const sum = createHash("sha256").update(payload).digest();
  if (!sum.equals(bytes.subarray(16, 48))) return "its checksum is wrong";
  const expected = new Uint8Array(stateBytes);
  fillState(expected, iteration);
  return Buffer.compare(payload, expected) === 0 ? null : "its content is another iteration's";
}

function writeAt(file: number, bytes: Uint8Array, from: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, from, bytes.length - from, at, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

async function writeAll(file: number, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await writeAt(file, bytes, done, at + done);
}

function sync(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(file, (error) => error ? reject(error) : resolve());
  });
}

/**
 * Makes a snapshot durable in the background: temporary name, checksum in the header, fsync, atomic rename,
 * fsync of the folder; then all but the newest two are removed.
 */
export async function persist(
  folder: string,
  iteration: number,
  snapshot: Uint8Array,
): Promise<void> {
  const path = join(folder, nameOf(iteration));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, "latin1");
  header.writeDoubleLE(iteration, 8);
  // Hashed piece by piece between the writes, so that training gets its turns; the header comes last.
  const sum = createHash("sha256");
  const file = openSync(`${path}.part`, "w");
  try {
    for (let at = 0; at < snapshot.length; at += PIECE) {
      const piece = snapshot.subarray(at, at + PIECE);
      sum.update(piece);
      await writeAll(file, piece, HEADER_BYTES + at);
    }
    sum.digest().copy(header, 16);
    await writeAll(file, header, 0);
    await sync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
  for (const old of durableIterations(folder).slice(2)) rmSync(join(folder, nameOf(old)));
}

/** Removes what a killed writer left half-written. */
export function removePartial(folder: string): number {
  const parts = readdirSync(folder).filter((name) => name.endsWith(".part"));
  for (const name of parts) rmSync(join(folder, name));
  return parts.length;
}
