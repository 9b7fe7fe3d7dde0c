import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isAlive } from "../../runtime/host.ts";
import { readSpool, type Spool } from "./reader.ts";
import { messageOf } from "../../model/errors.ts";

/** A spool found beside a store. */
export interface FoundSpool {
  readonly path: string;
  /** `live`: its recorder still runs; `dead`: it can be recovered; `unreadable`: it holds nothing. */
  readonly state: "live" | "dead" | "unreadable";
  readonly spool: Spool | null;
  readonly problem: string | null;
}

/** Path of a new spool of a store; unique by the recorder's process and start. */
export function spoolPath(storePath: string, unixMs: number, pid: number): string {
  return `${storePath}.${unixMs}-${pid}.spool`;
}

/** The file through which `spillway mark` speaks to the recorder of a spool. */
export function marksPath(spool: string): string {
  return spool.replace(/\.spool$/, ".marks");
}

/** Paths of all spools beside a store, oldest first, without opening them. */
export function spoolPaths(storePath: string): string[] {
  const folder = dirname(storePath);
  const pattern = /^\.\d+-\d+\.spool$/;
  const name = basename(storePath);
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.startsWith(name) && pattern.test(entry.slice(name.length)))
    .sort()
    .map((entry) => join(folder, entry));
}

/** All spools beside a store with their state. */
export function findSpools(storePath: string): FoundSpool[] {
  return spoolPaths(storePath).map((path) => {
    try {
      const spool = readSpool(path);
      return {
        path,
        // A part of a rotated recording is whole although its recorder goes on.
        state: spool.footer === null && isAlive(spool.header.recorder) ? "live" : "dead",
        spool,
        problem: null,
      };
    } catch (error) {
      return { path, state: "unreadable", spool: null, problem: messageOf(error) };
    }
  });
}
