import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import process from "node:process";
import { environmentError, messageOf } from "../model/errors.ts";

/**
 * Writes a whole file or nothing: the content goes to a neighbour, is synced, and takes the name.
 *
 * @throws environment error that names the path.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const part = `${path}.part-${process.pid}`;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    const file = openSync(part, "w");
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw environmentError(
      `${path} cannot be written: ${messageOf(error)}`,
      "check that its folder exists, is writable and has room",
    );
  }
}
