import { appendFileSync } from "node:fs";
import { dataError, messageOf } from "../model/errors.ts";
import { wallUnixNs } from "../runtime/clock.ts";
import { findSpools, marksPath } from "./spool/find.ts";

/** Environment variable by which a recorded command finds the marks file of its recording. */
export const MARKS_VARIABLE = "SPILLWAY_MARKS";

/**
 * The marks file of the only live recording beside a store.
 *
 * @throws {SpillwayError} data error when there is none, or more than one.
 */
export function findMarks(storePath: string): string {
  const live = findSpools(storePath).filter((spool) => spool.state === "live");
  if (live.length === 1) return marksPath(live[0].path);
  throw dataError(
    live.length === 0
      ? `no recording is running beside ${storePath}`
      : `${live.length} recordings are running beside ${storePath}`,
    live.length === 0
      ? 'start one with "spillway record -- COMMAND", or name its store with --store'
      : `set ${MARKS_VARIABLE} to the .marks file of the one that is meant`,
  );
}

/** Appends a mark to a marks file; the recorder picks it up within a second. */
export function appendMark(path: string, name: string): void {
  try {
    // Opened for appending only: a file that is gone means that the recording has ended.
    appendFileSync(path, `${wallUnixNs()}\t${name}\n`, { flag: "a" });
  } catch (error) {
    throw dataError(`${path}: the mark cannot be written: ${messageOf(error)}`);
  }
}
