/** What is asked of files before a command begins, without Node's file module on Deno: see {@link denoApi}. */
import { denoApi, nodeProcess } from "./native.ts";

function isMissing(deno: typeof Deno, error: unknown): boolean {
  return error instanceof deno.errors.NotFound || error instanceof deno.errors.NotADirectory;
}

/** Whether a file or folder is there. */
export function isThere(path: string): boolean {
  const deno = denoApi();
  if (deno === undefined) return nodeProcess().getBuiltinModule("node:fs").existsSync(path);
  try {
    deno.statSync(path);
    return true;
  } catch (error) {
    // What may not be looked at may be there; who reads it says why it cannot.
    return !isMissing(deno, error);
  }
}

/** The text of a small file, null when there is none. */
export function readSmallText(path: string): string | null {
  const deno = denoApi();
  if (deno === undefined) {
    return isThere(path)
      ? nodeProcess().getBuiltinModule("node:fs").readFileSync(path, "utf8")
      : null;
  }
  try {
    return deno.readTextFileSync(path);
  } catch (error) {
    if (isMissing(deno, error)) return null;
    throw error;
  }
}
