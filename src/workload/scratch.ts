import { mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { environmentError, messageOf } from "../model/errors.ts";

const PREFIX = ".spillway-scratch-";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes scratch folders whose process was killed before it could. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^\\${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

/**
 * Gives the body an empty folder under `parent` and removes it afterwards: also on an error, on Ctrl-C and
 * on SIGTERM. One that a SIGKILL left behind is removed by the next call.
 *
 * @throws environment error when the folder cannot be made or lacks `needBytes` of free space.
 */
export async function withScratch<T>(
  parent: string,
  needBytes: number,
  body: (folder: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let folder: string;
  try {
    removeAbandoned(parent);
    folder = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  } catch (error) {
    throw environmentError(
      `the folder ${parent} cannot be used for scratch files: ${messageOf(error)}`,
      "name a writable folder with --directory",
    );
  }
  const aborter = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    aborter.abort();
    rmSync(folder, { recursive: true, force: true });
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    const { bavail, bsize } = statfsSync(parent);
    if (bavail * bsize < needBytes) {
      throw environmentError(
        `${parent} has ${Math.floor(bavail * bsize / 1e6)} MB free, but ` +
          `${Math.ceil(needBytes / 1e6)} MB are needed`,
        "free some space or name another folder with --directory",
      );
    }
    return await body(folder, aborter.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    rmSync(folder, { recursive: true, force: true });
  }
}
