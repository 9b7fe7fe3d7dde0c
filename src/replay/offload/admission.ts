import type { RequestHint } from "../../model/eviction.ts";
import { attentionPairs } from "../../model/llm_math.ts";
import { type Behind, behindWhom } from "./behind.ts";
import type { EngineConfig, Restore } from "./config.ts";
import type { GpuPool } from "./gpu_pool.ts";
import type { IdSpace } from "./id_space.ts";
import type { Lookup, Recorder } from "./recorder.ts";
import type { Sequence } from "./request.ts";
import type { TierStack } from "./tier_types.ts";

const NOBODY: readonly Behind[] = [];

/** Starting and ending a sequence's hold on blocks. */
export interface Admission {
  /**
   * Finds the sequence's prefix, takes its blocks and starts its loads. `prefilling` are the prompts that
   * were started before and are not computed yet.
   *
   * @returns 0 when it was started, else the number of blocks that must be available.
   */
  start(sequence: Sequence, prefilling: readonly Sequence[]): number;
  /** Takes the blocks of a sequence whose prompt is computed already; returns the same as `start`. */
  place(sequence: Sequence): number;
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
  const none = config.tiers.map(() => 0);
  const evicted: number[] = [];
  // Blocks of the prefix that only a tier holds, and in which.
  const missing: number[] = [];
  const missingTiers: number[] = [];
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
    for (const tier of missingTiers) perTier[tier]++;
    const pairs = attentionPairs(llm, from, to, config.causal);
    let fastest = timing.prefillSeconds(to - from, pairs, 0);
    let best: Restore | null = null;
    for (const restore of restores) {
      const bytesPerBlock = restore.loadedBytes(from, to) / missing.length;
      const load = tiers.estimateLoadSeconds(perTier, bytesPerBlock);
      const compute = timing.prefillSeconds(0, 0, restore.restoreFlops(from, to));
      const seconds = config.layerwise ? Math.max(load, compute) : load + compute;
      if (seconds < fastest) {
        fastest = seconds;
        best = restore;
      }
    }
    return best;
  };
  /** Blocks and tokens of the look-up by where they were found. */
  const foundBy = (
    sequence: Sequence,
    gpuRun: number,
    run: number,
    restore: Restore | null,
  ): Lookup => {
    const { from, to } = sequence.request;
    const { computed, target } = sequence;
    const hit = { listed: to - from, missed: to - run, computedTokens: target - computed };
    const name = restore === null ? null : restore.name;
    if (restore === null) {
      const [gpuBlocks, gpuTokens] = [run - from, computed];
      return { ...hit, gpuBlocks, gpuTokens, tierBlocks: none, tierTokens: none, restore: name };
    }
    const tierBlocks = config.tiers.map(() => 0);
    const tierTokens = config.tiers.map(() => 0);
    let missed = 0;
    let tokens = 0;
    for (let i = gpuRun; i < run; i++) {
      if (sequence.request.ids![i] !== missing[missed]) continue;
      const tier = missingTiers[missed++];
      const at = (i - from) * blockTokens;
      const own = Math.max(0, Math.min(at + blockTokens, computed) - at);
      tierBlocks[tier]++;
      tierTokens[tier] += own;
      tokens += own;
    }
    const gpuBlocks = run - from - missed;
    return {
      ...hit,
      gpuBlocks,
      gpuTokens: computed - tokens,
      tierBlocks,
      tierTokens,
      restore: name,
    };
  };
  return {
    evicted,
    flush,
    place(sequence) {
      const need = Math.ceil(sequence.target / blockTokens);
      if (need > pool.available()) return need;
      pool.takePrivate(need, evicted);
      sequence.privateBlocks = need;
      flush(hintOf(sequence));
      return 0;
    },
    start(sequence, prefilling) {
      const { request } = sequence;
      const list = request.ids;
      const { from, to } = request;
      const tokens = request.inputTokens + sequence.generated;
      let taken = 0;
      let residents = 0;
      // The prefix: leading blocks in GPU memory, then the leading run that any tier still holds.
      let gpuRun = from;
      if (list !== null) {
        for (let i = from; i < to; i++) {
          if (!pool.isResident(list[i])) {
            taken++;
            continue;
          }
          if (pool.isIdle(list[i])) taken++;
          residents++;
          if (gpuRun === i) gpuRun++;
        }
      }
      const listed = list === null ? 0 : to - from;
      const privates = Math.max(0, Math.ceil(tokens / blockTokens) - listed);
      if (taken + privates > pool.available()) return taken + privates;

      const hint = hintOf(sequence);
      const limit = tokens - 1;
      // Blocks in GPU memory behind a gap: rare, so that the rest need not be looked up again.
      const scattered = residents > gpuRun - from;
      let run = gpuRun;
      missing.length = missingTiers.length = 0;
      if (list !== null) {
        for (; tiers.count > 0 && run < to; run++) {
          if (scattered && pool.isResident(list[run])) continue;
          const tier = tiers.locate(list[run]);
          if (tier < 0) break;
          missing.push(list[run]);
          missingTiers.push(tier);
        }
      }
      const gpuTokens = Math.min((gpuRun - from) * blockTokens, limit);
      const after = Math.min((run - from) * blockTokens, limit);
      const restore = missing.length > 0 && after > gpuTokens
        ? chooseRestore(gpuTokens, after)
        : null;
      if (restore === null && missing.length > 0) run = gpuRun;
      sequence.target = tokens;
      sequence.reusedBlocks = run - from;
      sequence.residentBlocks = gpuRun - from;
      sequence.behind = prefilling.length === 0
        ? NOBODY
        : behindWhom(sequence, run - from, prefilling, blockTokens);
      sequence.computed = Math.min((run - from) * blockTokens, limit);
      sequence.restoreFlops = restore === null
        ? 0
        : restore.restoreFlops(gpuTokens, sequence.computed);
      if (sequence.prefetch >= 0) {
        // What was brought into memory may not be loaded after all.
        if (restore === null) tiers.release(sequence.prefetch);
        else sequence.waits.push(sequence.prefetch);
        sequence.prefetch = -1;
      }
      if (sequence.looked) {
        recorder.recomputed(tokens - sequence.computed);
      } else {
        sequence.looked = true;
        if (list !== null) tiers.used(list, from, to);
        recorder.lookup(request, foundBy(sequence, gpuRun, run, restore));
      }
      if (restore !== null) {
        const bytes = restore.loadedBytes(gpuTokens, sequence.computed) / missing.length;
        const { waits } = sequence;
        tiers.load(missing, 0, missing.length, hint, bytes, restore.whole, waits);
      }
      if (list !== null) {
        tiers.served(list, from, to, hint);
        // Residents first: making room for the others must not evict them.
        fresh.length = 0;
        for (let i = from; i < gpuRun; i++) pool.pin(list[i], evicted);
        for (let i = gpuRun; i < to; i++) {
          if (scattered && pool.isResident(list[i])) pool.pin(list[i], evicted);
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
