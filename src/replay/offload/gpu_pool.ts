import { BlockManager } from "../shared/block_manager.ts";

/**
 * The blocks of one instance's GPU memory as the engine sees them: the paged block manager, asked by the ids
 * of the trace. Blocks with an id (from the trace, or kept after decoding) are shared by reference count and
 * stay cached without references, the least recent first to go; private blocks (the growing tail of a
 * running sequence) have no id and are all alike.
 */
export interface GpuPool {
  readonly capacity: number;
  /** Blocks that could be given out: free ones and cached ones without references. */
  available(): number;
  isResident(id: number): boolean;
  /** True when the block is cached without references: pinning it takes from what is available. */
  isIdle(id: number): boolean;
  /** Adds a reference; a block that is not resident is allocated. */
  pin(id: number, evicted: number[]): void;
  unpin(id: number): void;
  takePrivate(count: number, evicted: number[]): void;
  freePrivate(count: number): void;
  /** Turns one private block into a cached block without references. */
  keepPrivate(id: number): void;
  /** A cached block without references is known by another id from now on, and is the most recent. */
  rename(from: number, to: number): void;
  /** Blocks that are held, private ones among them. */
  readonly pinned: number;
  /** Blocks with an id that were put in so far, and that were evicted. */
  readonly stored: number;
  readonly removed: number;
}

/** Makes an empty pool of `capacity` blocks. */
export function createGpuPool(capacity: number): GpuPool {
  const manager = new BlockManager({
    // The manager's null block comes on top.
    blocks: capacity + 1,
    blockTokens: 1,
    caching: true,
    freeOrder: "split",
  });
  const privates: number[] = [];
  let stored = 0;
  const put = (block: number, id: number): void => {
    manager.register(block, id);
    stored++;
  };
  return {
    capacity,
    available: () => manager.freeBlocks,
    isResident: (id) => manager.find(id) > 0,
    isIdle(id) {
      const block = manager.find(id);
      return block > 0 && manager.isIdle(block);
    },
    pin(id, evicted) {
      const block = manager.find(id);
      if (block > 0) manager.hold(block);
      else put(manager.take(evicted), id);
    },
    unpin(id) {
      manager.giveBack(manager.find(id));
    },
    takePrivate(count, evicted) {
      for (let i = 0; i < count; i++) privates.push(manager.take(evicted));
    },
    freePrivate(count) {
      for (let i = 0; i < count; i++) manager.giveBack(privates.pop()!);
    },
    keepPrivate(id) {
      const block = privates.pop()!;
      put(block, id);
      manager.giveBack(block);
    },
    rename(from, to) {
      const block = manager.find(from);
      manager.hold(block);
      manager.forget(block);
      put(block, to);
      manager.giveBack(block);
    },
    get pinned() {
      return manager.usedBlocks;
    },
    get stored() {
      return stored;
    },
    get removed() {
      return manager.evictions;
    },
  };
}
