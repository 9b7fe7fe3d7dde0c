import { dataError, environmentError, messageOf, SpillwayError } from "../model/errors.ts";

/** Turns what DuckDB says while opening a file into one sentence with a remedy. */
export function openingError(path: string, error: unknown): SpillwayError {
  if (error instanceof SpillwayError) return error;
  const text = messageOf(error);
  const because = { cause: error };
  if (/could not set lock|conflicting lock/i.test(text)) {
    const holder = /PID (\d+)/.exec(text)?.[1];
    return environmentError(
      `store ${path} is in use by another process${holder === undefined ? "" : ` (PID ${holder})`}`,
      "wait until it has finished, or use another store with --store FILE",
      because,
    );
  }
  if (/version number|newer (?:database|storage) version|newer duckdb/i.test(text)) {
    return dataError(
      `store ${path} was written by a newer DuckDB than this Spillway has`,
      "upgrade Spillway, or use another store with --store FILE",
      because,
    );
  }
  if (/not a valid duckdb database/i.test(text)) {
    return dataError(
      `store ${path} is not a DuckDB file`,
      'name the store with --store FILE; "spillway import FILE" reads a trace',
      because,
    );
  }
  if (/permission denied|read-only file system/i.test(text)) {
    return environmentError(
      `store ${path} cannot be opened: permission denied`,
      "make the file and its folder writable, or use another store with --store FILE",
      because,
    );
  }
  if (/no space left/i.test(text)) return diskFull(path, error);
  if (
    /corrupt|checksum|could not read|deserializ|serialization|unexpected end|invalid.*block/i.test(
      text,
    )
  ) {
    return dataError(
      `store ${path} is damaged: ${firstLine(text)}`,
      "restore a copy of it, or use another store with --store FILE",
      because,
    );
  }
  return environmentError(
    `store ${path} cannot be opened: ${firstLine(text)}`,
    "use another store with --store FILE",
    because,
  );
}

/** Turns what DuckDB says while writing into one sentence; anything unknown is passed on as it is. */
export function writingError(path: string, error: unknown): unknown {
  if (error instanceof SpillwayError) return error;
  const text = messageOf(error);
  if (/no space left|disk full|could not write|ENOSPC/i.test(text)) return diskFull(path, error);
  return error;
}

function diskFull(path: string, cause: unknown): SpillwayError {
  return environmentError(
    `store ${path} could not be written: the disk is full; nothing was stored`,
    "free some space and run the command again",
    { cause },
  );
}

export function firstLine(text: string): string {
  return text.split("\n")[0].replace(/^[A-Za-z ]*Error: /, "");
}
