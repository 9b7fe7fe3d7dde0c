import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { environmentError, messageOf } from "../model/errors.ts";
import { partFile } from "./part_file.ts";

/**
 * Writes a whole file or nothing: the content goes to a neighbour, is synced, and takes the name.
 *
 * @throws environment error that names the path.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const part = partFile(path);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    const file = openSync(part.path, "w");
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      if (part.path !== path) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    part.keep();
  } catch (error) {
    part.drop();
    throw environmentError(
      `${path} cannot be written: ${messageOf(error)}`,
      "check that its folder exists, is writable and has room",
    );
  }
}
