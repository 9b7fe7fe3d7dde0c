import { spawn } from "node:child_process";
import process from "node:process";
import { sendSignal } from "./child.ts";

/** What a finished tool said. `code` is null when a signal (or our time limit) ended it. */
export interface ToolRun {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Non-null when it never started: `ENOENT`, `EACCES`, ... */
  readonly startError: string | null;
  readonly timedOut: boolean;
}

/** Environment in which tools print the numbers and words their parsers know. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", LANG: "C", NO_COLOR: "1" };
}

/** Runs a short-lived tool to its end; never throws. */
export function runTool(
  argv: readonly string[],
  options: { timeoutMs?: number; maxBytes?: number } = {},
): Promise<ToolRun> {
  const limit = options.maxBytes ?? 64 * 2 ** 20;
  return new Promise((resolve) => {
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const end = (code: number | null, signal: string | null, startError: string | null) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, startError, timedOut });
    };
    const started: { pid?: number } = {};
    const timer = setTimeout(() => {
      timedOut = true;
      if (started.pid !== undefined) sendSignal(started.pid, "SIGKILL");
    }, options.timeoutMs ?? 10_000);
    let child;
    try {
      child = spawn(argv[0], argv.slice(1), {
        stdio: ["ignore", "pipe", "pipe"],
        env: plainEnvironment(),
      });
    } catch (error) {
      end(null, null, (error as NodeJS.ErrnoException).code ?? String(error));
      return;
    }
    started.pid = child.pid;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < limit) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < limit) stderr += text;
    });
    child.on("error", (error) => end(null, null, (error as NodeJS.ErrnoException).code ?? "error"));
    child.on("close", (code, signal) => end(code, signal, null));
  });
}

/** A tool that keeps running and prints lines. */
export interface LineTool {
  readonly pid: number | null;
  /** Non-null once it ended or never started. */
  ended(): { readonly code: number | null; readonly startError: string | null } | null;
  stop(): Promise<void>;
}

/** Starts a tool in its loop mode; each line of stdout and stderr is passed on as it comes. */
export function startLineTool(
  argv: readonly string[],
  onLine: (line: string, stream: "stdout" | "stderr") => void,
): LineTool {
  let ended: { code: number | null; startError: string | null } | null = null;
  let release: () => void = () => {};
  const closed = new Promise<void>((resolve) => release = resolve);
  const finish = (code: number | null, startError: string | null) => {
    ended ??= { code, startError };
    release();
  };
  let pid: number | null = null;
  let letGo: () => void = () => {};
  try {
    const child = spawn(argv[0], argv.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      env: plainEnvironment(),
    });
    pid = child.pid ?? null;
    letGo = () => {
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      release();
    };
    for (const stream of ["stdout", "stderr"] as const) {
      let rest = "";
      child[stream].setEncoding("utf8")
        .on("data", (text: string) => {
          const lines = (rest + text).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) onLine(line.replace(/\r$/, ""), stream);
          // A tool that never ends its line must not fill our memory.
          if (rest.length > 2 ** 20) rest = "";
        })
        .on("end", () => {
          if (rest !== "") onLine(rest, stream);
          rest = "";
        });
    }
    child.on("error", (error) => finish(null, (error as NodeJS.ErrnoException).code ?? "error"));
    child.on("close", (code) => finish(code, null));
  } catch (error) {
    finish(null, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  return {
    pid,
    ended: () => ended,
    stop: async () => {
      if (ended !== null || pid === null) return;
      sendSignal(pid, "SIGTERM");
      // What the tool started itself (it may be a script) can hold its pipes open after its end.
      const timer = setTimeout(() => {
        sendSignal(pid, "SIGKILL");
        letGo();
      }, 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}
