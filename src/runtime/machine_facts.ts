import { statfsSync } from "node:fs";
import { totalmem } from "node:os";

/** Memory of this machine and capacity of the file system that holds a folder, in bytes. */
export function machineFacts(
  directory: string,
): { dramBytes: number; capacityBytes: number; directory: string } {
  const { blocks, bsize } = statfsSync(directory);
  return { dramBytes: totalmem(), capacityBytes: blocks * bsize, directory };
}
