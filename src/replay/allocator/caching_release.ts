import type { BlockPools } from "./block_pools.ts";

/** Frees blocks of `max_split_size` and more until one request fits (release_available_cached_blocks). */
export function releaseAvailable(
  pools: BlockPools,
  pool: number,
  stream: number,
  size: number,
  maxSplitBytes: number,
): boolean {
  if (maxSplitBytes === Infinity) return false;
  const t = pools.table;
  const key = Math.max(size, maxSplitBytes);
  const free = pools.pool(pool);
  const found = free.lowerBound(stream, key);
  if (found >= 0 && t.stream[found] === stream && t.range[found] < 0) {
    pools.releaseBlock(found);
    return true;
  }
  // No single one is large enough: several, the largest first.
  let got = 0;
  let block = free.lastBefore(stream, key);
  while (block >= 0 && got < key && t.size[block] >= maxSplitBytes && t.stream[block] === stream) {
    const before = free.predecessor(block);
    if (t.range[block] < 0) {
      got += t.size[block];
      pools.releaseBlock(block);
    }
    block = before;
  }
  return got >= key;
}

/** Gives every wholly free segment of the default pools back, and unmaps whole free handles. */
export function releaseCached(pools: BlockPools): void {
  const t = pools.table;
  for (const pool of [pools.pool(1), pools.pool(0)]) {
    const free = pool.toArray();
    for (const block of free) {
      if (t.range[block] < 0 && t.previous[block] < 0 && t.next[block] < 0) {
        pools.releaseBlock(block);
      }
    }
    for (const block of free) if (t.range[block] >= 0) pools.unmap(block);
  }
}

/**
 * Gives unsplit large segments back, the longest unused first, until the reserved bytes are below the
 * threshold (garbage_collect_cached_blocks): a pass frees all that are at least as old as the mean.
 */
export function collectGarbage(pools: BlockPools, gcThreshold: number, limitBytes: number): void {
  const threshold = Math.floor(gcThreshold * limitBytes);
  const { stats, table: t } = pools;
  if (stats.reserved <= threshold) return;
  const target = stats.reserved - threshold;
  const pool = pools.pool(1);
  let got = 0;
  for (;;) {
    const unsplit = pool.toArray()
      .filter((b) => t.range[b] < 0 && t.previous[b] < 0 && t.next[b] < 0);
    if (got >= target || unsplit.length === 0) return;
    const ageOf = (b: number) => pool.calls - t.gcBase[b];
    const mean = unsplit.reduce((sum, b) => sum + ageOf(b), 0) / unsplit.length;
    const old = unsplit.filter((b) => ageOf(b) >= mean);
    if (old.length === 0) return;
    for (const block of old) {
      got += t.size[block];
      pools.releaseBlock(block);
    }
  }
}
