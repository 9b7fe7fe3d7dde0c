import process from "node:process";
import { readTextIfExists } from "./files.ts";

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR1" | "SIGUSR2";

export const FORWARDED_SIGNALS: readonly Signal[] = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
];

/** Numbers of the signals a shell reports as 128 + n (Linux on x86 and ARM). */
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
};

/** The exit code of a process: its own code, or 128 + n when signal n ended it. */
export function shellExitCode(code: number | null, signal: string | null): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : SIGNAL_NUMBERS[signal] ?? 0);
}

/** Calls `handler` for each signal until the returned function is called. */
export function onSignals(
  signals: readonly Signal[],
  handler: (signal: Signal) => void,
): () => void {
  const listeners = signals.map((signal) => {
    const listener = () => handler(signal);
    process.on(signal, listener);
    return [signal, listener] as const;
  });
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/**
 * Whether Ctrl-C of the terminal reaches this process's whole group: then a child in the same group has
 * had the signal already, and passing it on would be a second one.
 */
export function inTerminalForeground(): boolean {
  const stat = readTextIfExists("/proc/self/stat");
  if (stat === null) return process.stdin.isTTY === true;
  // Fields after the name in brackets: state ppid pgrp session tty_nr tpgid.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[4]) !== 0 && fields[2] === fields[5];
}
