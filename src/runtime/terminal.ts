import { denoApi, nodeProcess } from "./native.ts";

type Stream = "stdout" | "stderr";

/** The words of the command line after the program's own. */
export function commandLine(): string[] {
  return denoApi()?.args.slice() ?? nodeProcess().argv.slice(2);
}

function columns(): number | undefined {
  const deno = denoApi();
  if (deno === undefined) return nodeProcess().stdout.columns;
  try {
    return deno.consoleSize().columns;
  } catch {
    // No terminal.
    return undefined;
  }
}

/** Characters a line of the terminal holds: COLUMNS, else the terminal's own width, else 80. */
export function terminalWidth(): number {
  const fromEnv = Number(environmentVariable("COLUMNS"));
  if (Number.isInteger(fromEnv) && fromEnv >= 20) return fromEnv;
  return (isTerminal("stdout") ? columns() : undefined) ?? 80;
}

/** Lines and columns of the terminal that stderr is, or null where it is none. */
export function terminalSize(): { readonly rows: number; readonly columns: number } | null {
  if (!isTerminal("stderr")) return null;
  const deno = denoApi();
  if (deno === undefined) {
    const { rows, columns } = nodeProcess().stderr;
    return rows > 0 && columns > 0 ? { rows, columns } : null;
  }
  try {
    const { rows, columns } = deno.consoleSize();
    return rows > 0 && columns > 0 ? { rows, columns } : null;
  } catch {
    return null;
  }
}

/** Whether a stream is a terminal. */
export function isTerminal(stream: Stream): boolean {
  return denoApi()?.[stream].isTerminal() ?? nodeProcess()[stream].isTTY === true;
}

/** A reader that goes away (`| head`) is no error; anything else is told by the write's own callback. */
function ignore(): void {}

async function writeOnDeno(deno: typeof Deno, stream: Stream, text: string): Promise<boolean> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) {
      done += await deno[stream].write(bytes.subarray(done));
    }
    return true;
  } catch (error) {
    if (error instanceof deno.errors.BrokenPipe) return false;
    throw error;
  }
}

/**
 * Writes all of the text, waiting for a slow reader. False when the reader went away (EPIPE): then nothing
 * more need be written.
 */
export function tryWrite(stream: Stream, text: string): Promise<boolean> {
  const deno = denoApi();
  if (deno !== undefined) return writeOnDeno(deno, stream, text);
  const target = nodeProcess()[stream];
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
export async function writeText(stream: Stream, text: string): Promise<void> {
  await tryWrite(stream, text);
}

export function environmentVariable(name: string): string | undefined {
  const deno = denoApi();
  return deno === undefined ? nodeProcess().env[name] : deno.env.get(name);
}

/** Sets the code the process ends with once nothing is left to do. */
export function setExitCode(code: number): void {
  const deno = denoApi();
  if (deno === undefined) nodeProcess().exitCode = code;
  else deno.exitCode = code;
}
