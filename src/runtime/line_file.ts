import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import process from "node:process";

const BUFFER_CHARACTERS = 1 << 20;

/** A file of lines that is written while something else runs. */
export interface LineFile {
  write(line: string): void;
  /** Ends the file; until then it stands under another name. */
  close(): void;
  /** Removes what was written. */
  discard(): void;
}

/** Opens a file of lines; `-` is stdout. */
export function openLineFile(path: string): LineFile {
  const part = path === "-" ? null : `${path}.${process.pid}.part`;
  const file = part === null ? 1 : openSync(part, "w");
  let pending: string[] = [];
  let characters = 0;
  const flush = () => {
    const bytes = new TextEncoder().encode(pending.join(""));
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
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
      closeSync(file);
      renameSync(part, path);
    },
    discard() {
      if (part === null) return;
      closeSync(file);
      rmSync(part, { force: true });
    },
  };
}
