import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dataError, environmentError } from "../../model/errors.ts";
import { firstDifference } from "./block_pattern.ts";

/** A file of equal slots that holds spilled blocks. */
export interface BlockFile {
  /** Writes a block into a slot. */
  write(slot: number, bytes: Uint8Array): void;
  /** Reads a slot back into the buffer. @throws data error when the file is shorter than the slot. */
  read(slot: number, bytes: Uint8Array): void;
  sync(): void;
  close(): void;
  /** Whether reads bypass the page cache. */
  readonly direct: boolean;
}

/**
 * Memory whose start lies on a page border, as O_DIRECT asks: WebAssembly memories are mapped whole pages,
 * while ordinary typed arrays may start anywhere.
 */
export function pageAlignedBytes(length: number): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(length / 65_536)) });
  return new Uint8Array(memory.buffer, 0, length);
}

/**
 * Opens a block file. With `direct`, reads use O_DIRECT where the file system takes it; block size and
 * buffers must then be multiples of 4,096, and the buffers page-aligned ({@link pageAlignedBytes}).
 */
export function openBlockFile(path: string, blockBytes: number, direct: boolean): BlockFile {
  const file = openSync(path, "w+");
  let reader = file;
  let isDirect = false;
  if (direct) {
    try {
      reader = openSync(path, constants.O_RDONLY | constants.O_DIRECT);
      isDirect = true;
    } catch {
      // tmpfs and some network file systems refuse O_DIRECT; the caller sees `direct: false`.
      reader = file;
    }
  }
  return {
    direct: isDirect,
    write(slot, bytes) {
      let done = 0;
      while (done < bytes.length) {
        done += writeSync(file, bytes, done, bytes.length - done, slot * blockBytes + done);
      }
    },
    read(slot, bytes) {
      let done = 0;
      while (done < bytes.length) {
        let count: number;
        try {
          count = readSync(reader, bytes, done, bytes.length - done, slot * blockBytes + done);
        } catch (error) {
          if (!isDirect || (error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
          throw environmentError(
            `${path}: the file system refuses this O_DIRECT read of ${bytes.length} bytes`,
            "use a block size that is a multiple of 4096, or --set direct=false",
          );
        }
        if (count === 0) throw dataError(`${path}: slot ${slot} ends after ${done} bytes`);
        done += count;
      }
    },
    sync: () => fsyncSync(file),
    close() {
      if (reader !== file) closeSync(reader);
      closeSync(file);
    },
  };
}

/** @throws data error naming block and offset when the content is not that of block `id`. */
export function verifyBlock(bytes: Uint8Array, id: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const at = firstDifference(words, id);
  if (at >= 0) {
    throw dataError(
      `block ${id} came back damaged: byte ${at * 4} differs from what was written`,
      "the drive, its cache or the memory is faulty; look at the kernel's log",
    );
  }
}
