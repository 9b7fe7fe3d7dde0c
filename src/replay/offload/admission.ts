import type { RequestHint } from "../../model/eviction.ts";
import { attentionPairs } from "../../model/llm_math.ts";
import type { EngineConfig, Restore } from "./config.ts";
import type { GpuPool } from "./gpu_pool.ts";
import type { IdSpace } from "./id_space.ts";
import type { Recorder } from "./recorder.ts";
import type { Sequence } from "./request.ts";
import type { TierStack } from "./tiers.ts";

/** Starting and ending a sequence's hold on blocks. */
export interface Admission {
  /**
   * Finds the sequence's prefix, takes its blocks and starts its loads.
   *
   * @returns 0 when it was started, else the number of blocks that must be available.
   */
  start(sequence: Sequence): number;
  /** Passes blocks that the GPU pool evicted on to the tiers. */
  flush(hint: RequestHint): void;
  /** Scratch that the GPU pool fills with evicted blocks. */
  readonly evicted: number[];
}

/** Makes the admission of an instance. */
export function createAdmission(
  config: EngineConfig,
  pool: GpuPool,
  tiers: TierStack,
  ids: IdSpace,
  recorder: Recorder,
  hintOf: (sequence: Sequence) => RequestHint,
): Admission {
  const { blockTokens, llm, timing, restores } = config;
  const evicted: number[] = [];
  const missing: number[] = [];
  const fresh: number[] = [];
  const perTier = config.tiers.map(() => 0);

  const flush = (hint: RequestHint): void => {
    if (evicted.length === 0) return;
    tiers.evictedFromGpu(evicted, hint);
    for (const block of evicted) ids.drop(block);
    evicted.length = 0;
  };
  /** The way to restore the missing blocks; null when computing what they hold is predicted faster. */
  const chooseRestore = (from: number, to: number): Restore | null => {
    if (config.load === "always") return restores[0];
    perTier.fill(0);
    for (const block of missing) perTier[tiers.locate(block)]++;
    const pairs = attentionPairs(llm, from, to, config.causal);
    let fastest = timing.prefillSeconds(to - from, pairs, 0);
    let best: Restore | null = null;
    for (const restore of restores) {
      const load = tiers.estimateLoadSeconds(perTier, restore.loadedBytesPerBlock);
      const compute = timing.prefillSeconds(0, 0, restore.restoreFlops(from, to));
      const seconds = config.layerwise ? Math.max(load, compute) : load + compute;
      if (seconds < fastest) {
        fastest = seconds;
        best = restore;
      }
    }
    return best;
  };
  return {
    evicted,
    flush,
    start(sequence) {
      const { request } = sequence;
      const list = request.ids;
      const { from, to } = request;
      const tokens = request.inputTokens + sequence.generated;
      let taken = 0;
      if (list !== null) {
        for (let i = from; i < to; i++) {
          if (!pool.isResident(list[i]) || pool.isIdle(list[i])) taken++;
        }
      }
      const privates = Math.max(0, Math.ceil(tokens / blockTokens) - (to - from));
      if (taken + privates > pool.available()) return taken + privates;

      const hint = hintOf(sequence);
      const limit = tokens - 1;
      // The prefix: leading blocks in GPU memory, then the leading run that any tier still holds.
      let gpuRun = from;
      let run = from;
      if (list !== null) {
        while (gpuRun < to && pool.isResident(list[gpuRun])) gpuRun++;
        run = gpuRun;
        missing.length = 0;
        for (; tiers.count > 0 && run < to; run++) {
          if (pool.isResident(list[run])) continue;
          if (tiers.locate(list[run]) < 0) break;
          missing.push(list[run]);
        }
      }
      const gpuTokens = Math.min((gpuRun - from) * blockTokens, limit);
      const after = Math.min((run - from) * blockTokens, limit);
      const restore = after > gpuTokens ? chooseRestore(gpuTokens, after) : null;
      if (restore === null) run = gpuRun;
      sequence.target = tokens;
      sequence.reusedBlocks = run - from;
      sequence.computed = Math.min((run - from) * blockTokens, limit);
      sequence.restoreFlops = restore === null
        ? 0
        : restore.restoreFlops(gpuTokens, sequence.computed);
      if (sequence.prefetch >= 0) {
        sequence.waits.push(sequence.prefetch);
        sequence.prefetch = -1;
      }
      if (sequence.looked) {
        recorder.recomputed(tokens - sequence.computed);
      } else {
        sequence.looked = true;
        recorder.lookup(request, {
          listed: to - from,
          gpuBlocks: gpuRun - from,
          gpuTokens,
          tierBlocks: run - gpuRun,
          tierTokens: sequence.computed - gpuTokens,
          computedTokens: tokens - sequence.computed,
          restore: restore === null ? null : restore.name,
        });
      }
      if (restore !== null) {
        tiers.load(missing, 0, missing.length, hint, restore.loadedBytesPerBlock, sequence.waits);
      }
      if (list !== null) {
        // Residents first: making room for the others must not evict them.
        fresh.length = 0;
        for (let i = from; i < to; i++) {
          if (pool.isResident(list[i])) pool.pin(list[i], evicted);
          else fresh.push(list[i]);
        }
        for (const block of fresh) pool.pin(block, evicted);
      }
      pool.takePrivate(privates, evicted);
      sequence.privateBlocks = privates;
      flush(hint);
      return 0;
    },
  };
}
