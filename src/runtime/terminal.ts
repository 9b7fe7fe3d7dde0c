import process from "node:process";

/** Characters a line of the terminal holds: COLUMNS, else the terminal's own width, else 80. */
export function terminalWidth(): number {
  const fromEnv = Number(process.env.COLUMNS);
  if (Number.isInteger(fromEnv) && fromEnv >= 20) return fromEnv;
  return process.stdout.columns ?? 80;
}

/** Whether a stream is a terminal. */
export function isTerminal(stream: "stdout" | "stderr"): boolean {
  return process[stream].isTTY === true;
}

/** Writes all of the text, waiting for a slow reader; a reader that went away (EPIPE) is no error. */
export function writeText(stream: "stdout" | "stderr", text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process[stream].write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}

export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

/** Sets the code the process ends with once nothing is left to do. */
export function setExitCode(code: number): void {
  process.exitCode = code;
}
