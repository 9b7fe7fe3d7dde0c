import type { ErrorKind } from "./errors.ts";

/** One row of the exit code table; `explain exit-code` prints it. */
export interface ExitCode {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
  /** What to do when it is seen. */
  readonly remedy: string;
  /** Which convention the number follows. */
  readonly source: string;
}

const OWN = "this tool; stable since 0.1";
const SHELL = "POSIX shell, XCU 2.8.2; env(1) and timeout(1)";

function row(code: number, name: string, meaning: string, remedy: string, source = OWN): ExitCode {
  return { code, name, meaning, remedy, source };
}

/** Every exit code of the tool (DESIGN section 4). `record -- CMD` returns the child's own code instead. */
export const EXIT_CODES: readonly ExitCode[] = [
  row(0, "ok", "the command did what was asked; a gate passed or only warned", "nothing"),
  row(
    1,
    "gate-failed",
    "a gate rule of level error failed",
    "read the reason of the rule; acknowledge it with a date in gate.acks when it is meant",
  ),
  row(
    2,
    "usage",
    "the command line was wrong; nothing was done",
    '"spillway COMMAND --help" shows the options',
    "the value of clap, argparse and Cliffy",
  ),
  row(
    3,
    "inconclusive",
    "a gate could not decide and --strict was given",
    "the reason says what is missing: more runs, a baseline, the same machine",
  ),
  row(
    4,
    "bad-data",
    "a file, trace or store has bad or missing data; nothing half-stored",
    "the message names the file, line and column",
  ),
  row(
    5,
    "environment",
    "this machine lacks something that the command needs",
    '"spillway doctor" says what, and how to get it',
  ),
  row(
    70,
    "internal",
    "a bug in Spillway",
    "run again with --debug and report the trace",
    "EX_SOFTWARE of sysexits.h",
  ),
  row(
    125,
    "record-failed",
    "record only: the child never started because of Spillway itself",
    "the message says why; the command itself was not run",
    SHELL,
  ),
  row(126, "not-executable", "record only: the command is not executable", "chmod +x it", SHELL),
  row(127, "not-found", "record only: the command was not found", "check its name and PATH", SHELL),
  row(
    130,
    "interrupted",
    "interrupted by Ctrl-C: 128 + SIGINT",
    "run it again; what was stored before stays",
    "POSIX shell, XCU 2.8.2",
  ),
];

const BY_KIND: Record<ErrorKind, number> = { usage: 2, data: 4, environment: 5, interrupted: 130 };

/** The exit code of a user-facing error. */
export function exitCodeOfKind(kind: ErrorKind): number {
  return BY_KIND[kind];
}
