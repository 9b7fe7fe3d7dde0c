import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environmentError, messageOf } from "../model/errors.ts";

/**
 * The files of the demo in a folder; those of an earlier demo are removed.
 *
 * @throws environment error when the folder cannot be written.
 */
export function demoFolder(
  directory: string,
): { store: string; trace: string; faults: string; report: string } {
  const at = (name: string) => join(directory, name);
  try {
    mkdirSync(directory, { recursive: true });
    for (const name of ["demo.duckdb", "demo.duckdb.wal"]) rmSync(at(name), { force: true });
  } catch (error) {
    throw environmentError(
      `the folder ${directory} cannot be used: ${messageOf(error)}`,
      "name a writable folder with --directory",
    );
  }
  return {
    store: at("demo.duckdb"),
    trace: at("demo-requests.jsonl"),
    faults: at("demo-faults.csv"),
    report: at("demo.html"),
  };
}
