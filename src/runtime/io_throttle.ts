import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { environmentError, messageOf } from "../model/errors.ts";

/** A limit on the reads of one process, in force until released. */
export interface IoThrottle {
  /** How it is done, for the record of a measurement. */
  readonly method: string;
  set(bytesPerSecond: number): void;
  release(): void;
}

const V1 = "/sys/fs/cgroup/blkio";
const V2 = "/sys/fs/cgroup";

/** `major:minor` of the whole disk under a path; a partition cannot be throttled. */
export function diskOf(path: string): string {
  const dev = statSync(path).dev;
  // Linux packs 12 bits of major and 20 bits of minor (glibc's gnu_dev_makedev).
  const major = ((dev >>> 8) & 0xfff) | (Math.floor(dev / 2 ** 32) & 0xfffff000);
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  const node = `/sys/dev/block/${major}:${minor}`;
  if (existsSync(join(node, "partition"))) {
    return readFileSync(join(node, "..", "dev"), "utf8").trim();
  }
  return `${major}:${minor}`;
}

/** blk-throttle hands a limit out in slices of a tenth of a second (blk-throttle.c, DFL_THROTL_SLICE_HD). */
export const THROTTLE_SLICE_SECONDS = 0.1;

/**
 * Puts a process into a control group whose reads from the disk under `path` can be limited: cgroup v2
 * (`io.max`) or v1 (`blkio.throttle.read_bps_device`).
 *
 * @throws environment error where control groups are not writable (no root, no controller).
 */
export function throttleReads(pid: number, path: string): IoThrottle {
  const disk = diskOf(path);
  const v1 = existsSync(join(V1, "blkio.throttle.read_bps_device"));
  const parent = v1 ? V1 : V2;
  const group = join(parent, `spillway-${process.pid}-${pid}`);
  const limit = (value: string) =>
    v1
      ? writeFileSync(join(group, "blkio.throttle.read_bps_device"), `${disk} ${value}`)
      : writeFileSync(join(group, "io.max"), `${disk} rbps=${value === "0" ? "max" : value}`);
  try {
    mkdirSync(group);
    writeFileSync(join(group, "cgroup.procs"), String(pid));
    // Shows at once whether the disk can be limited at all.
    limit(String(2 ** 40));
  } catch (error) {
    removeGroup(parent, group, pid);
    throw environmentError(
      `reads cannot be limited here: ${messageOf(error)}`,
      "it needs root and the io (cgroup v2) or blkio (v1) controller",
    );
  }
  return {
    method: v1 ? `cgroup v1 blkio throttle on ${disk}` : `cgroup v2 io.max on ${disk}`,
    set: (bytesPerSecond) => limit(String(Math.round(bytesPerSecond))),
    release: () => removeGroup(parent, group, pid),
  };
}

/** Moves the process back (when it still lives) and removes the group. */
function removeGroup(parent: string, group: string, pid: number): void {
  try {
    writeFileSync(join(parent, "cgroup.procs"), String(pid));
  } catch {
    // The process has ended, which empties the group as well.
  }
  try {
    rmdirSync(group);
  } catch {
    // Never made, or still emptying; an empty group costs nothing.
  }
}
