import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { dataError } from "../model/errors.ts";

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The text of a file, or null when it does not exist. @throws data error when it is a folder. */
export function readTextIfExists(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    if ((error as NodeJS.ErrnoException).code === "EISDIR") {
      throw dataError(`${path}: it is a folder, expected a file`);
    }
    throw error;
  }
}

/** Whether a path exists. */
export function pathExists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Names in a folder, folders with a slash at the end, sorted; empty when it cannot be read. */
export function listNames(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .map((entry) => entry.isDirectory() ? `${entry.name}/` : entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** The first bytes of a file, at most so many. */
export function readFileHead(path: string, mostBytes: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const head = new Uint8Array(Math.min(mostBytes, statSync(path).size));
    let done = 0;
    while (done < head.length) {
      const count = readSync(file, head, done, head.length - done, done);
      if (count === 0) break;
      done += count;
    }
    return head.subarray(0, done);
  } finally {
    closeSync(file);
  }
}
