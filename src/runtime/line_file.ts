import { closeSync, openSync, writeSync } from "node:fs";
import { environmentError, messageOf } from "../model/errors.ts";
import { partFile } from "./part_file.ts";

const BUFFER_CHARACTERS = 1 << 20;

/** A file of lines that is written while something else runs. */
export interface LineFile {
  write(line: string): void;
  /** Ends the file; until then it stands under another name. */
  close(): void;
  /** Removes what was written. */
  discard(): void;
}

/**
 * Opens a file of lines; `-` is stdout.
 *
 * @throws environment error that names the path, here and when a line cannot be written.
 */
export function openLineFile(path: string): LineFile {
  const part = path === "-" ? null : partFile(path);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw environmentError(
        `${path} cannot be written: ${messageOf(error)}`,
        "check that its folder exists, is writable and has room",
      );
    }
  };
  const file = part === null ? 1 : guarded(() => openSync(part.path, "w"));
  let open = part !== null;
  let pending: string[] = [];
  let characters = 0;
  const end = () => {
    if (open) closeSync(file);
    open = false;
  };
  const flush = () => {
    const bytes = new TextEncoder().encode(pending.join(""));
    guarded(() => {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    });
    pending = [];
    characters = 0;
  };
  return {
    write(line) {
      pending.push(line, "\n");
      characters += line.length + 1;
      if (characters >= BUFFER_CHARACTERS) flush();
    },
    close() {
      flush();
      if (part === null) return;
      end();
      guarded(part.keep);
    },
    discard() {
      if (part === null) return;
      end();
      part.drop();
    },
  };
}
