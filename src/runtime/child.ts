import { spawn } from "node:child_process";
import process from "node:process";
import type { Signal } from "./signals.ts";

export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A child that has this process's own stdin, stdout and stderr: nothing of it is read or held here. */
export interface InheritingChild {
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  send(signal: Signal): void;
}

/** Why a command did not start: the exit code a shell gives, and the sentence. */
export interface StartFailure {
  readonly exitCode: 126 | 127 | 125;
  readonly message: string;
}

function startFailure(command: string, error: NodeJS.ErrnoException): StartFailure {
  if (error.code === "ENOENT") {
    return { exitCode: 127, message: `"${command}" was not found` };
  }
  if (error.code === "EACCES" || error.code === "EPERM" || error.code === "ENOEXEC") {
    return { exitCode: 126, message: `"${command}" is not executable` };
  }
  return { exitCode: 125, message: `"${command}" could not be started: ${error.message}` };
}

/** Starts a command with inherited stdio; a command that cannot start is a value, not an exception. */
export function startInheriting(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<InheritingChild | StartFailure> {
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve(startFailure(argv[0], error as NodeJS.ErrnoException));
    let child;
    try {
      child = spawn(argv[0], argv.slice(1), {
        stdio: "inherit",
        env: { ...process.env, ...environment },
      });
    } catch (error) {
      fail(error);
      return;
    }
    const exited = new Promise<ChildExit>((done) => {
      child.on("exit", (code, signal) => done({ code, signal }));
    });
    child.on("error", fail);
    const pid = child.pid;
    if (pid === undefined) return;
    resolve({
      pid,
      exited,
      // Not child.kill(): on Deno that makes the child's exit look as if the signal had ended it.
      send: (signal) => sendSignal(pid, signal),
    });
  });
}

/** Sends a signal; a process that is gone is no error. */
export function sendSignal(pid: number, signal: Signal | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
