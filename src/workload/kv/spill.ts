import { generateReferences } from "./references.ts";
import { openBlockFile, pageAlignedBytes, verifyBlock } from "./block_file.ts";
import { fillBlock } from "./block_pattern.ts";
import { createLruSlots } from "./lru_slots.ts";
import { createPhaseMeter, type Phase } from "../phase_meter.ts";

export interface SpillParams {
  readonly blockBytes: number;
  /** Blocks that memory holds; the rest of the distinct blocks live in the file. */
  readonly memoryBlocks: number;
  readonly distinctBlocks: number;
  readonly references: number;
  readonly direct: boolean;
  /** Blocks written between two fsyncs; 0 never. */
  readonly syncEvery: number;
  readonly seed: number;
}

export interface SpillResult {
  readonly phases: readonly Phase[];
  readonly verifiedBytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly direct: boolean;
}

/**
 * Serves a stream of block references from a memory of `memoryBlocks` over a file, as a KV cache with an SSD
 * tier does: a referenced block that memory lacks is read back from the file (refill) or made (first
 * use); the least recent block goes out, written when the file does not hold it yet (spill). Every refilled
 * block is compared with what was written.
 */
export function spillAndRefill(
  path: string,
  params: SpillParams,
  progress: (done: number) => void,
): SpillResult {
  const { blockBytes, memoryBlocks, distinctBlocks } = params;
  const memory = pageAlignedBytes(memoryBlocks * blockBytes);
  const frameOf = (frame: number) => memory.subarray(frame * blockBytes, (frame + 1) * blockBytes);
  const stored = new Uint8Array(distinctBlocks);
  const lru = createLruSlots(memoryBlocks, distinctBlocks);
  const file = openBlockFile(path, blockBytes, params.direct);
  const spill = createPhaseMeter("kv-spill");
  const sync = createPhaseMeter("kv-fsync");
  const refill = createPhaseMeter("kv-refill");
  let hits = 0;
  let misses = 0;
  let unsynced = 0;
  let verifiedBytes = 0;
  try {
    let done = 0;
    for (const block of generateReferences(params)) {
      if (lru.touch(block)) {
        hits++;
      } else {
        misses++;
        const { frame, evicted } = lru.take(block);
        if (evicted >= 0 && stored[evicted] === 0) {
          spill.time(0, blockBytes, () => file.write(evicted, frameOf(frame)));
          stored[evicted] = 1;
          if (params.syncEvery > 0 && ++unsynced >= params.syncEvery) {
            sync.time(0, 0, () => file.sync());
            unsynced = 0;
          }
        }
        if (stored[block] === 1) {
          refill.time(blockBytes, 0, () => file.read(block, frameOf(frame)));
          verifyBlock(frameOf(frame), block);
          verifiedBytes += blockBytes;
        } else {
          fillBlock(new Uint32Array(memory.buffer, frame * blockBytes, blockBytes / 4), block);
        }
      }
      if (++done % 64 === 0) progress(done);
    }
    sync.time(0, 0, () => file.sync());
  } finally {
    file.close();
  }
  const phases = [spill.end(), sync.end(), refill.end()];
  return { phases, verifiedBytes, hits, misses, direct: file.direct };
}
