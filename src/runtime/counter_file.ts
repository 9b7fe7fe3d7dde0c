import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";

/** A small file of the kernel that is read again and again: opened once, read from its start each time. */
export interface CounterFile {
  readonly path: string;
  /** The text now, or null with the reason in `problem()`. */
  read(): string | null;
  problem(): string | null;
  close(): void;
}

/**
 * A kernel file of many records (diskstats, vmstat) gives about a page at a time, so that a read shorter
 * than the buffer is not yet the end; one shorter than half a page is, as no record is that long.
 */
const SHORT_READ = 2048;

/** Milliseconds until a file that could not be opened is tried again: a failed open costs as much as ten reads. */
const REOPEN_MS = 900;

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENODEV" || code === "ENXIO" || code === "ESRCH") {
    return "the file is gone";
  }
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return `cannot be read (${code ?? String(error)})`;
}

/**
 * Opens a counter file. One buffer is kept and grown when the file is larger; bytes are read as Latin-1,
 * since these files hold ASCII.
 */
export function openCounterFile(
  path: string,
  sizeHint = 4096,
  nowMs: () => number = () => performance.now(),
): CounterFile {
  let descriptor: number | null = null;
  let buffer = Buffer.allocUnsafe(sizeHint);
  let problem: string | null = null;
  let reopenAtMs = 0;
  const fail = (error: unknown): null => {
    problem = reasonOf(error);
    if (descriptor !== null) {
      try {
        closeSync(descriptor);
      } catch {
        // Already unusable.
      }
      descriptor = null;
    } else reopenAtMs = nowMs() + REOPEN_MS;
    return null;
  };
  return {
    path,
    read: () => {
      if (descriptor === null && nowMs() < reopenAtMs) return null;
      try {
        descriptor ??= openSync(path, "r");
        let length = 0;
        for (;;) {
          const got = readSync(descriptor, buffer, length, buffer.length - length, length);
          length += got;
          if (got === 0 || (got < SHORT_READ && length < buffer.length)) break;
          if (length < buffer.length) continue;
          const larger = Buffer.allocUnsafe(buffer.length * 2);
          buffer.copy(larger, 0, 0, length);
          buffer = larger;
        }
        problem = null;
        return buffer.toString("latin1", 0, length);
      } catch (error) {
        return fail(error);
      }
    },
    problem: () => problem,
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}
