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

/** A reader that goes away (`| head`) is no error; anything else is told by the write's own callback. */
function ignore(): void {}

/**
 * Writes all of the text, waiting for a slow reader. False when the reader went away (EPIPE): then nothing
 * more need be written.
 */
export function tryWrite(stream: "stdout" | "stderr", text: string): Promise<boolean> {
  const target = process[stream];
  if (!target.listeners("error").includes(ignore)) target.on("error", ignore);
  return new Promise((resolve, reject) => {
    target.write(text, (error) => {
      if (error === null || error === undefined) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === "EPIPE") resolve(false);
      else reject(error);
    });
  });
}

/** Writes all of the text, waiting for a slow reader; a reader that went away (EPIPE) is no error. */
export async function writeText(stream: "stdout" | "stderr", text: string): Promise<void> {
  await tryWrite(stream, text);
}

export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

/** Sets the code the process ends with once nothing is left to do. */
export function setExitCode(code: number): void {
  process.exitCode = code;
}
