import { mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { environmentError, messageOf } from "../model/errors.ts";
import { startGuardian } from "../runtime/guardian.ts";

const PREFIX = ".spillway-scratch-";

/** Signals that end the work, with their numbers. */
const STOPPING: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

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

/** A full disk or a missing right in one sentence; anything else as it is. */
function translate(error: unknown, parent: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return environmentError(
      `${parent}: the disk became full: ${messageOf(error)}`,
      "free some space or name another folder with --directory",
    );
  }
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
    return environmentError(
      `${parent}: a scratch file cannot be written: ${messageOf(error)}`,
      "name a writable folder with --directory",
    );
  }
  return error;
}

/**
 * Gives the body an empty folder under `parent` and removes it afterwards: also on an error, on Ctrl-C and
 * on SIGTERM, and by a guardian process when this one is killed with SIGKILL. Processes that the body
 * started end with it.
 *
 * @throws environment error when the folder cannot be made, lacks `needBytes` of free space, or fills up.
 */
export async function withScratch<T>(
  parent: string,
  needBytes: number,
  body: (folder: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let folder: string;
  try {
    removeAbandoned(parent);
    folder = mkdtempSync(join(resolve(parent), `${PREFIX}${process.pid}-`));
  } catch (error) {
    throw environmentError(
      `the folder ${parent} cannot be used for scratch files: ${messageOf(error)}`,
      "name a writable folder with --directory",
    );
  }
  const guardian = startGuardian(folder);
  const aborter = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    aborter.abort();
    rmSync(folder, { recursive: true, force: true });
    // The guardian sees this process end and ends what it had started.
    process.exit(128 + (STOPPING[signal] ?? 15));
  };
  for (const signal of Object.keys(STOPPING)) process.on(signal, stop);
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
  } catch (error) {
    throw translate(error, parent);
  } finally {
    for (const signal of Object.keys(STOPPING)) process.off(signal, stop);
    rmSync(folder, { recursive: true, force: true });
    guardian.release();
  }
}
