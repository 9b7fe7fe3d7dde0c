import { createTrafficSink, type Traffic } from "../../model/traffic.ts";
import { createLruSlots } from "./lru_slots.ts";
import { generateReferences } from "./references.ts";

export interface LruTrafficParams {
  readonly blockBytes: number;
  /** Blocks that memory holds; the rest of the distinct blocks live in the file. */
  readonly memoryBlocks: number;
  readonly distinctBlocks: number;
  readonly references: number;
  readonly seed: number;
}

/**
 * Traffic of a generated stream of block references over a memory of `memoryBlocks` and a drive without a
 * limit, as a KV cache with an SSD tier has it: a referenced block that memory lacks is read back or made
 * (first use); the least recent block goes out, written when the drive does not hold it yet.
 */
export function lruTraffic(params: LruTrafficParams): Traffic {
  const DRAM = 0;
  const SSD = 1;
  const { memoryBlocks, distinctBlocks } = params;
  const sink = createTrafficSink();
  const stored = new Uint8Array(distinctBlocks);
  const lru = createLruSlots(memoryBlocks, distinctBlocks);
  let made = 0;
  for (const block of generateReferences(params)) {
    if (lru.touch(block)) {
      sink.add("read", DRAM, block, 0);
      continue;
    }
    const { evicted } = lru.take(block);
    if (evicted >= 0) {
      if (stored[evicted] === 0) sink.add("write", SSD, evicted, 0);
      stored[evicted] = 1;
      sink.add("drop", DRAM, evicted, 0);
    }
    if (stored[block] === 1) sink.add("read", SSD, block, 0);
    else made++;
    sink.add("write", DRAM, block, 0);
  }
  return sink.finish({
    tiers: ["dram", "ssd"],
    blockBytes: params.blockBytes,
    gpuHitBlocks: 0,
    missBlocks: made,
  });
}
