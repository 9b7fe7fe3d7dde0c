import { lstatSync, renameSync, rmSync } from "node:fs";
import process from "node:process";

/** Where a file is written until it is whole. */
export interface PartFile {
  readonly path: string;
  /** Gives it its name. */
  keep(): void;
  /** Removes what was written. */
  drop(): void;
}

function isSpecial(path: string): boolean {
  try {
    return !lstatSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * A neighbour of `path` that takes its name when it is whole. What stands there and is no plain file
 * (`/dev/stdout`, a pipe, a link) is written itself: taking its name would put a plain file in its place.
 */
export function partFile(path: string): PartFile {
  if (isSpecial(path)) return { path, keep: () => {}, drop: () => {} };
  const part = `${path}.${process.pid}.part`;
  return {
    path: part,
    keep: () => renameSync(part, path),
    drop: () => rmSync(part, { force: true }),
  };
}
