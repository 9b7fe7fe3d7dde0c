import { spawnSync } from "node:child_process";

/**
 * Asks the kernel to drop a file's pages (POSIX_FADV_DONTNEED through GNU dd's `nocache`), so that the next
 * read comes from the device. The file must have been synced. False when the machine has no such dd.
 */
export function dropFileFromPageCache(path: string): boolean {
  const done = spawnSync("dd", [`if=${path}`, "iflag=nocache", "count=0"], { stdio: "ignore" });
  return done.status === 0;
}
