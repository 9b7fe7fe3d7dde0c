import { close, ftruncateSync, openSync, write, writeSync } from "node:fs";
import { messageOf } from "../model/errors.ts";

/**
 * An append-only file that is written in the background, so that a slow disk never holds up the caller, and
 * that survives a full disk: bytes that cannot be written are kept (up to a limit) and tried again.
 */
export interface SpoolFile {
  readonly path: string;
  /** Bytes handed in so far, written or not. */
  size(): number;
  append(bytes: Uint8Array): void;
  /** Starts writing what waits; returns at once. */
  flush(): void;
  /** Why bytes were lost or wait, null when all is well. */
  problem(): string | null;
  /** Whether bytes were thrown away because the disk stayed full. */
  lost(): boolean;
  /** Writes all that waits and closes. Resolves to whether everything reached the file. */
  close(): Promise<boolean>;
}

/** Memory kept for a disk that takes nothing. */
const PENDING_LIMIT = 16 * 2 ** 20;

/** Creates the file with its first bytes, at once: a file without its header is no spool. */
export function createSpoolFile(path: string, header: Uint8Array): SpoolFile {
  const descriptor = openSync(path, "wx", 0o600);
  let written = writeSync(descriptor, header, 0, header.length, 0);
  let size = header.length;
  let waiting: Uint8Array[] = written < header.length ? [header.subarray(written)] : [];
  let waitingBytes = header.length - written;
  let writing: Promise<void> | null = null;
  let problem: string | null = null;
  let lost = false;

  const writeAt = (bytes: Uint8Array, position: number): Promise<number> =>
    new Promise((resolve, reject) =>
      write(descriptor, bytes, 0, bytes.length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      })
    );

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const bytes = waiting.length === 1 ? waiting[0] : concatenate(waiting, waitingBytes);
      waiting = [bytes];
      try {
        const count = await writeAt(bytes, written);
        written += count;
        waitingBytes -= count;
        // What came meanwhile stands behind `bytes`.
        const rest = bytes.subarray(count);
        waiting.shift();
        if (rest.length > 0) waiting.unshift(rest);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        problem = code === "ENOSPC" || code === "EDQUOT"
          ? "the disk of the store is full"
          : `the spool cannot be written: ${messageOf(error)}`;
        return;
      }
    }
  };

  const flush = () => {
    if (writing !== null || waiting.length === 0) return;
    writing = drain().finally(() => writing = null);
  };

  return {
    path,
    size: () => size,
    append: (bytes) => {
      if (lost) return;
      if (waitingBytes + bytes.length > PENDING_LIMIT) {
        lost = true;
        problem ??= "the disk of the store is too slow";
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      size += bytes.length;
    },
    flush,
    problem: () => problem,
    lost: () => lost,
    close: async () => {
      if (writing !== null) await writing;
      await drain();
      const whole = waiting.length === 0 && !lost;
      try {
        // Nothing stands behind the last good byte, whatever a failed write left.
        ftruncateSync(descriptor, written);
      } catch {
        // The reader stops at the torn tail by itself.
      }
      await new Promise<void>((resolve) => close(descriptor, () => resolve()));
      return whole;
    },
  };
}

function concatenate(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
