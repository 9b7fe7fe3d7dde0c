import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * The command line that starts this program again: the runtime with the entry file, or the binary itself
 * when it was compiled into one.
 */
export function selfCommand(): string[] {
  const entry = fileURLToPath(new URL("../main.ts", import.meta.url));
  if (entry.includes("/$bunfs/") || entry.startsWith("/deno-compile-")) return [process.execPath];
  return process.versions.bun === undefined
    ? [process.execPath, "run", "-A", "--quiet", entry]
    : [process.execPath, entry];
}

/** The command line that runs another script of ours under the same runtime. */
export function scriptCommand(url: string): string[] {
  const path = fileURLToPath(url);
  return process.versions.bun === undefined
    ? [process.execPath, "run", "-A", "--quiet", "--no-check", path]
    : [process.execPath, path];
}

/** The command line of this process as a user would type it. */
export function ownCommand(): string[] {
  return ["spillway", ...process.argv.slice(2)];
}
