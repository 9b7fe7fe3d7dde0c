/** A cache of samples of one host; the newest stands last. */
export interface SampleCache {
  has(sample: number): boolean;
  /** Notes a use. */
  touch(sample: number): void;
  /** Takes a sample in and tells what it evicted; false when it does not fit and nothing is evicted for it. */
  insert(
    sample: number,
    bytes: number,
    evicted?: (sample: number, bytes: number) => void,
  ): boolean;
  readonly usedBytes: number;
  /** Bytes taken in so far, those evicted since included. */
  readonly writtenBytes: number;
}

/**
 * `fill-once` never evicts (CoorDL's MinIO cache: every epoch reads every sample once, so what lies there is as good
 * as what would replace it); `lru` makes room.
 */
export function createSampleCache(
  capacityBytes: number,
  eviction: "fill-once" | "lru",
): SampleCache {
  const kept = new Map<number, number>();
  let used = 0;
  let written = 0;
  return {
    has: (sample) => kept.has(sample),
    touch(sample) {
      if (eviction !== "lru") return;
      const bytes = kept.get(sample)!;
      kept.delete(sample);
      kept.set(sample, bytes);
    },
    insert(sample, bytes, evicted) {
      if (bytes > capacityBytes) return false;
      while (used + bytes > capacityBytes) {
        if (eviction === "fill-once") return false;
        const [oldest, size] = kept.entries().next().value!;
        kept.delete(oldest);
        used -= size;
        evicted?.(oldest, size);
      }
      kept.set(sample, bytes);
      used += bytes;
      written += bytes;
      return true;
    },
    get usedBytes() {
      return used;
    },
    get writtenBytes() {
      return written;
    },
  };
}

/** Several caches seen as one place. */
export function cachesTogether(
  caches: readonly SampleCache[],
): { usedBytes: number; writtenBytes: number } {
  const sum = (pick: (c: SampleCache) => number) => caches.reduce((n, c) => n + pick(c), 0);
  return { usedBytes: sum((c) => c.usedBytes), writtenBytes: sum((c) => c.writtenBytes) };
}
