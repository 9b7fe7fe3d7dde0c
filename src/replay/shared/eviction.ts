/**
 * An eviction policy of a block cache: one file under `src/replay/shared/evictions/`, exporting
 * `eviction`. It appears by itself in `replay cache` and in the tiers of `replay offload`.
 * Block ids are dense and below `uniqueBlocks`.
 */
export interface Eviction {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  create(setup: EvictionSetup): EvictionState;
}

export interface EvictionSetup {
  readonly capacityBlocks: number;
  readonly uniqueBlocks: number;
}

/** The state of one cache under one policy. */
export interface EvictionState {
  has(block: number): boolean;
  /** Looks up and inserts; true on a hit. Evicted blocks are appended to `evicted` when it is given. */
  touch(block: number, evicted?: number[]): boolean;
  /** Takes a block out; true when it was resident. */
  remove(block: number): boolean;
  readonly size: number;
}
