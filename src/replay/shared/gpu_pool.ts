/**
 * KV blocks in GPU memory: blocks with an id (from the trace, or kept after decoding) are shared by
 * reference count and stay cached without references in least recent order; private blocks (the growing
 * tail of a running sequence) are only counted. It is the counted form of `BlockManager` (block_manager.ts): without block
 * tables, in typed arrays over the trace's dense ids; a property test holds the two against each other.
 */
export interface GpuPool {
  readonly capacity: number;
  /** Blocks that could be given out: free ones and cached ones without references. */
  available(): number;
  isResident(block: number): boolean;
  /** True when the block is cached without references: pinning it takes from what is available. */
  isIdle(block: number): boolean;
  /** Adds a reference; a block that is not resident is allocated. */
  pin(block: number, evicted: number[]): void;
  unpin(block: number): void;
  takePrivate(count: number, evicted: number[]): void;
  freePrivate(count: number): void;
  /** Turns one private block into a cached block without references. */
  keepPrivate(block: number): void;
  /** Takes a cached block without references out. */
  drop(block: number): void;
  /** Resident blocks, pinned ones and private ones. */
  readonly used: number;
  readonly pinned: number;
  /** Blocks with an id that were put in so far, and that were evicted. */
  readonly stored: number;
  readonly removed: number;
}

/** Makes an empty pool of `capacity` blocks over ids `0..ids-1`. */
export function createGpuPool(capacity: number, ids: number): GpuPool {
  const refs = new Uint16Array(ids);
  const sentinel = ids;
  // Idle blocks: links[2b] towards the least recent, links[2b+1] towards the most recent; -1 when not idle.
  const links = new Int32Array(2 * (ids + 1)).fill(-1);
  links[2 * sentinel] = links[2 * sentinel + 1] = sentinel;
  let idle = 0;
  let shared = 0;
  let privates = 0;
  let stored = 0;
  let removed = 0;

  const unlink = (block: number): void => {
    const behind = links[2 * block];
    const ahead = links[2 * block + 1];
    links[2 * ahead] = behind;
    links[2 * behind + 1] = ahead;
    links[2 * block] = -1;
    idle--;
  };
  const pushFront = (block: number): void => {
    const first = links[2 * sentinel];
    links[2 * block] = first;
    links[2 * block + 1] = sentinel;
    links[2 * first + 1] = block;
    links[2 * sentinel] = block;
    idle++;
  };
  const makeRoom = (evicted: number[]): void => {
    while (idle + shared + privates > capacity) {
      const victim = links[2 * sentinel + 1];
      if (victim === sentinel) throw new Error("the GPU pool was asked for more than it has");
      unlink(victim);
      removed++;
      evicted.push(victim);
    }
  };
  return {
    capacity,
    available: () => capacity - shared - privates,
    isResident: (block) => refs[block] > 0 || links[2 * block] >= 0,
    isIdle: (block) => links[2 * block] >= 0,
    pin(block, evicted) {
      if (refs[block]++ > 0) return;
      if (links[2 * block] >= 0) unlink(block);
      else stored++;
      shared++;
      makeRoom(evicted);
    },
    unpin(block) {
      if (--refs[block] > 0) return;
      shared--;
      pushFront(block);
    },
    takePrivate(count, evicted) {
      privates += count;
      makeRoom(evicted);
    },
    freePrivate(count) {
      privates -= count;
    },
    keepPrivate(block) {
      stored++;
      privates--;
      pushFront(block);
    },
    drop: unlink,
    get used() {
      return idle + shared + privates;
    },
    get pinned() {
      return shared + privates;
    },
    get stored() {
      return stored;
    },
    get removed() {
      return removed;
    },
  };
}
