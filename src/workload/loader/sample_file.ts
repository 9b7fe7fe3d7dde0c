import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dataError } from "../../model/errors.ts";
import { fillBlock, firstDifference } from "../kv/block_pattern.ts";

/** A piece of a file: sample `id` at `offset`. Offsets and sizes are multiples of {@link ALIGNMENT}. */
export interface SamplePiece {
  readonly id: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What O_DIRECT asks of offsets, sizes and buffers. */
export const ALIGNMENT = 4096;

/** Writes samples one after the other into a file and syncs it; returns where they lie. */
export function writeSamples(
  path: string,
  samples: readonly { readonly id: number; readonly bytes: number }[],
): SamplePiece[] {
  const file = openSync(path, "w");
  let offset = 0;
  try {
    return samples.map(({ id, bytes }) => {
      const content = new Uint32Array(bytes / 4);
      fillBlock(content, id);
      const view = new Uint8Array(content.buffer);
      for (let done = 0; done < bytes;) {
        done += writeSync(file, view, done, bytes - done, offset + done);
      }
      const piece = { id, offset, bytes };
      offset += bytes;
      return piece;
    });
  } finally {
    fsyncSync(file);
    closeSync(file);
  }
}

/** An open file that is read past the page cache where the file system takes that. */
export interface SampleReader {
  readonly direct: boolean;
  /** Fills `into` from `offset` on with `bytes` in reads of at most `requestBytes`; returns how many reads. */
  read(into: Uint8Array, offset: number, bytes: number, requestBytes: number): number;
  close(): void;
}

export function openSamples(path: string, direct: boolean): SampleReader {
  let file: number;
  let isDirect = direct;
  try {
    file = openSync(path, direct ? constants.O_RDONLY | constants.O_DIRECT : constants.O_RDONLY);
  } catch (error) {
    if (!direct) throw error;
    // tmpfs and some network file systems refuse O_DIRECT; the caller sees `direct: false`.
    file = openSync(path, constants.O_RDONLY);
    isDirect = false;
  }
  return {
    direct: isDirect,
    read(into, offset, bytes, requestBytes) {
      let requests = 0;
      for (let done = 0; done < bytes;) {
        const want = Math.min(requestBytes, bytes - done);
        const got = readSync(file, into, done, want, offset + done);
        if (got === 0) throw dataError(`${path}: ends after ${offset + done} bytes`);
        done += got;
        requests++;
      }
      return requests;
    },
    close: () => closeSync(file),
  };
}

/** @throws data error naming sample and byte when what was read is not what was written. */
export function verifySample(bytes: Uint8Array, id: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const at = firstDifference(words, id);
  if (at < 0) return;
  throw dataError(
    `sample ${id} came back damaged: byte ${at * 4} differs from what was written`,
    "the drive, its cache or the memory is faulty; look at the kernel's log",
  );
}
