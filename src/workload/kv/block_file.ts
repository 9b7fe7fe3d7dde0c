import { closeSync, constants, fsyncSync, ftruncateSync, openSync, read, write } from "node:fs";
import { dataError, environmentError } from "../../model/errors.ts";
import { firstDifference } from "./block_pattern.ts";

/** A file of equal slots that holds blocks; each lane has a descriptor of its own. */
export interface BlockFile {
  write(lane: number, slot: number, bytes: Uint8Array): Promise<void>;
  /** @throws data error when the file is shorter than the slot. */
  read(lane: number, slot: number, bytes: Uint8Array): Promise<void>;
  /** Writes every slot once, so that later writes find their place: stores lay their files out before. */
  layOut(piece: Uint8Array): Promise<void>;
  sync(): void;
  close(): void;
  /** Whether reads and writes bypass the page cache. */
  readonly direct: boolean;
}

/** O_DIRECT asks for sizes and places that are multiples of the device's logical block. */
export const DIRECT_ALIGNMENT = 4096;

/**
 * Memory whose start lies on a page border, as O_DIRECT asks: WebAssembly memories are mapped whole pages,
 * while ordinary typed arrays may start anywhere.
 */
export function pageAlignedBytes(length: number): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(length / 65_536)) });
  return new Uint8Array(memory.buffer, 0, length);
}

function openLanes(path: string, lanes: number, direct: boolean): number[] {
  const flags = constants.O_RDWR | constants.O_CREAT | (direct ? constants.O_DIRECT : 0);
  const files: number[] = [];
  try {
    for (let i = 0; i < lanes; i++) files.push(openSync(path, flags, 0o600));
    return files;
  } catch (error) {
    files.forEach(closeSync);
    throw error;
  }
}

/** An error of the file system in one sentence. */
function translate(error: NodeJS.ErrnoException, path: string, what: string): unknown {
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return environmentError(
      `${path}: the disk is full: ${what} found no room`,
      "free some space, name another folder with --directory, or move fewer blocks",
    );
  }
  if (error.code === "EINVAL") {
    return environmentError(
      `${path}: the file system refuses this O_DIRECT access: ${what}`,
      `use a block size that is a multiple of ${DIRECT_ALIGNMENT}, or --set direct=false`,
    );
  }
  return error;
}

/**
 * Opens a new block file of `slots` slots. With `direct` it bypasses the page cache where the file system
 * takes it; block size and buffers must then be page-aligned ({@link pageAlignedBytes}).
 */
export function openBlockFile(
  path: string,
  options: { blockBytes: number; slots: number; direct: boolean; lanes: number },
): BlockFile {
  const { blockBytes } = options;
  let isDirect = options.direct;
  let files: number[];
  try {
    files = openLanes(path, options.lanes, isDirect);
  } catch (error) {
    if (!isDirect || (error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    // tmpfs and some network file systems refuse O_DIRECT; the caller sees `direct: false`.
    isDirect = false;
    files = openLanes(path, options.lanes, false);
  }
  ftruncateSync(files[0], options.slots * blockBytes);
  const step = (
    call: typeof read | typeof write,
    file: number,
    bytes: Uint8Array,
    done: number,
    at: number,
    what: string,
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const left = bytes.length - done;
      (call as typeof read)(file, bytes, done, left, at, (error, count) => {
        if (error) reject(translate(error, path, what));
        else resolve(count);
      });
    });
  return {
    direct: isDirect,
    async write(lane, slot, bytes) {
      const what = `writing ${bytes.length} bytes`;
      for (let done = 0; done < bytes.length;) {
        done += await step(write, files[lane], bytes, done, slot * blockBytes + done, what);
      }
    },
    async read(lane, slot, bytes) {
      const what = `reading ${bytes.length} bytes`;
      for (let done = 0; done < bytes.length;) {
        const count = await step(read, files[lane], bytes, done, slot * blockBytes + done, what);
        if (count === 0) throw dataError(`${path}: slot ${slot} ends after ${done} bytes`);
        done += count;
      }
    },
    async layOut(piece) {
      piece.fill(0);
      for (let slot = 0; slot < options.slots; slot++) await this.write(0, slot, piece);
      fsyncSync(files[0]);
    },
    sync: () => fsyncSync(files[0]),
    close: () => files.forEach(closeSync),
  };
}

/** @throws data error naming block and offset when the bytes are not that content. */
export function verifyBlock(bytes: Uint8Array, content: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const at = firstDifference(words, content);
  if (at >= 0) {
    throw dataError(
      `block ${content} came back damaged: byte ${at * 4} differs from what was written`,
      "the drive, its cache or the memory is faulty; look at the kernel's log",
    );
  }
}
