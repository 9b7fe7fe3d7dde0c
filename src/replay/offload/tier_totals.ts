import type { TierName } from "../../model/usage.ts";

/** Traffic and holding of one tier so far. */
export interface TierTotals {
  readonly name: TierName;
  readBytes: number;
  writtenBytes: number;
  readRequests: number;
  writeRequests: number;
  insertedBlocks: number;
  evictedBlocks: number;
  movedBlocks: number;
  /** Blocks that the tier's eviction refused to keep. */
  refusedBlocks: number;
  /** Blocks placed by a warm start, without traffic. */
  warmBlocks: number;
  hitBlocks: number;
  byteSeconds: number;
}

/** Totals of a tier that was not used yet. */
export function emptyTotals(name: TierName): TierTotals {
  return {
    name,
    readBytes: 0,
    writtenBytes: 0,
    readRequests: 0,
    writeRequests: 0,
    insertedBlocks: 0,
    evictedBlocks: 0,
    movedBlocks: 0,
    refusedBlocks: 0,
    warmBlocks: 0,
    hitBlocks: 0,
    byteSeconds: 0,
  };
}
