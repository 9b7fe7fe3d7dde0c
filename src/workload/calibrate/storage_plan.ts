import type { StoragePoint } from "../../model/profiles/hardware.ts";

/** One way of using the device that is measured. */
export type StorageAccess = Pick<StoragePoint, "access" | "blockBytes" | "queueDepth" | "cache">;

const KIB = 2 ** 10;
const MIB = 2 ** 20;

function point(
  access: StorageAccess["access"],
  blockBytes: number,
  queueDepth: number,
  cache: StorageAccess["cache"] = "direct",
): StorageAccess {
  return { access, blockBytes, queueDepth, cache };
}

/** What calibration measures: bandwidth and latency at several block sizes and queue depths, cold and cached. */
export const STORAGE_PLAN: readonly StorageAccess[] = [
  point("sequential-read", MIB, 1),
  point("sequential-read", MIB, 8),
  point("sequential-read", 128 * KIB, 4),
  point("sequential-write", MIB, 1),
  point("sequential-write", MIB, 8),
  point("sequential-write", 128 * KIB, 4),
  point("random-read", 4 * KIB, 1),
  point("random-read", 4 * KIB, 8),
  point("random-read", 4 * KIB, 32),
  point("random-read", 64 * KIB, 8),
  point("random-write", 4 * KIB, 1),
  point("random-write", 4 * KIB, 32),
  point("random-write", 64 * KIB, 8),
  point("sequential-read", MIB, 1, "page-cache"),
  point("sequential-write", MIB, 1, "page-cache"),
];

/** Which point gives which single number of a profile. */
export const MAIN_POINTS = {
  read: point("sequential-read", MIB, 8),
  write: point("sequential-write", MIB, 8),
  readIops: point("random-read", 4 * KIB, 32),
  writeIops: point("random-write", 4 * KIB, 32),
  readLatency: point("random-read", 4 * KIB, 1),
  writeLatency: point("random-write", 4 * KIB, 1),
} as const;

export function isSamePoint(a: StorageAccess, b: StorageAccess): boolean {
  return a.access === b.access && a.blockBytes === b.blockBytes && a.queueDepth === b.queueDepth &&
    a.cache === b.cache;
}

/** A point in words: `random-read 4 KiB, queue depth 32`. */
export function describePoint(p: StorageAccess): string {
  const size = p.blockBytes >= MIB ? `${p.blockBytes / MIB} MiB` : `${p.blockBytes / KIB} KiB`;
  const cache = p.cache === "direct" ? "O_DIRECT" : "page cache";
  return `${p.access.replace("-", " ")} ${size}, queue depth ${p.queueDepth}, ${cache}`;
}
