import type { AllocConf } from "./alloc_conf.ts";

const MIB = 2 ** 20;
export const MIN_BLOCK = 512;
export const SMALL_SIZE = MIB;
const SMALL_BUFFER = 2 * MIB;
const MIN_LARGE_ALLOC = 10 * MIB;
const ROUND_LARGE = 2 * MIB;

/** Block size of a request: 512 B steps, or a power of two's divisions (CUDACachingAllocator round_size). */
export function roundSize(bytes: number, conf: AllocConf): number {
  if (bytes < MIN_BLOCK) return MIN_BLOCK;
  const log = floorLog2(bytes);
  const divisions = conf.roundupDivisions[Math.min(15, Math.max(0, log - 20))];
  if (divisions > 1 && bytes > MIN_BLOCK * divisions) {
    const floor = 2 ** log;
    if (bytes === floor) return bytes;
    const step = Math.floor(floor / divisions);
    if (step === 0) return floor * 2;
    return Math.ceil(bytes / step) * step;
  }
  return Math.ceil(bytes / MIN_BLOCK) * MIN_BLOCK;
}

/** Bytes that are asked of the driver for a block size: never fewer, however small segments are set. */
export function segmentSize(size: number, conf: AllocConf): number {
  if (size <= SMALL_SIZE) return SMALL_BUFFER;
  if (size < MIN_LARGE_ALLOC && size <= conf.largeSegmentBytes) return conf.largeSegmentBytes;
  return Math.ceil(size / ROUND_LARGE) * ROUND_LARGE;
}

/** Exact floor of the binary logarithm; Math.log2 alone may round up just below a power of two. */
function floorLog2(n: number): number {
  const log = Math.floor(Math.log2(n));
  return 2 ** log > n ? log - 1 : log;
}
