import type { ErrorKind } from "./errors.ts";

/** One row of the exit code table; `explain exit-code` prints it. */
export interface ExitCode {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
}

/** Every exit code of the tool (DESIGN section 4). `record -- CMD` returns the child's own code instead. */
export const EXIT_CODES: readonly ExitCode[] = [
  { code: 0, name: "ok", meaning: "the command did what was asked; a gate passed or only warned" },
  { code: 1, name: "gate-failed", meaning: "a gate rule of level error failed" },
  { code: 2, name: "usage", meaning: "the command line was wrong; nothing was done" },
  { code: 3, name: "inconclusive", meaning: "a gate could not decide and --strict was given" },
  {
    code: 4,
    name: "bad-data",
    meaning: "a file, trace or store has bad or missing data; nothing half-stored",
  },
  { code: 5, name: "environment", meaning: "this machine lacks something that the command needs" },
  {
    code: 70,
    name: "internal",
    meaning: "a bug in Spillway; run again with --debug and report it",
  },
  {
    code: 125,
    name: "record-failed",
    meaning: "record only: the child never started because of Spillway itself",
  },
  { code: 126, name: "not-executable", meaning: "record only: the command is not executable" },
  { code: 127, name: "not-found", meaning: "record only: the command was not found" },
  { code: 130, name: "interrupted", meaning: "interrupted by Ctrl-C" },
];

const BY_KIND: Record<ErrorKind, number> = { usage: 2, data: 4, environment: 5, interrupted: 130 };

/** The exit code of a user-facing error. */
export function exitCodeOfKind(kind: ErrorKind): number {
  return BY_KIND[kind];
}
