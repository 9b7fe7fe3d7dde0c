import type { RequestHint } from "../../model/eviction.ts";
import type { EngineConfig } from "./config.ts";
import type { GpuPool } from "./gpu_pool.ts";
import type { IdSpace } from "./id_space.ts";
import type { EngineRequest, Sequence } from "./request.ts";
import { createSessionBlocks } from "./session_blocks.ts";
import type { TierStack } from "./tier_types.ts";

/** What stays of a sequence when it leaves: its listed blocks, and those that decoding filled. */
export interface Retirement {
  /** Lets go of a sequence's blocks; what has an id stays cached, the tail to be evicted first. */
  letGo(sequence: Sequence, privates: number): void;
  /**
   * Keeps the blocks that decoding filled cached, under ids of their own; the next turn may claim them.
   * Returns how many of the `privates` are left.
   */
  keepDecoded(sequence: Sequence, privates: number, hint: RequestHint): number;
  /** A turn arrives: what decoding made of its session's earlier turn is known by the turn's ids now. */
  claim(request: EngineRequest): void;
  /** Decoded blocks that could not be kept because the ids for them had run out. */
  readonly unkept: number;
}

/** Makes the retirement of an instance. */
export function createRetirement(
  config: EngineConfig,
  pool: GpuPool,
  tiers: TierStack,
  ids: IdSpace,
): Retirement {
  const { blockTokens } = config;
  const sessions = createSessionBlocks(blockTokens, ids);
  let unkept = 0;
  const rename = (from: number, to: number): void => {
    if (pool.isIdle(from) && !pool.isResident(to)) {
      // Cached again under the trace's id, as the most recent: the request that claims it is here.
      pool.rename(from, to);
      ids.place(to);
      ids.drop(from);
    }
    tiers.rename(from, to);
  };
  return {
    letGo(sequence, privates) {
      const { ids: list, from, to } = sequence.request;
      if (list !== null) { for (let i = to - 1; i >= from; i--) pool.unpin(list[i]); }
      pool.freePrivate(privates);
    },
    keepDecoded({ request }, privates, hint) {
      if (request.ids === null) return privates;
      const full = Math.floor((request.inputTokens + request.outputTokens - 1) / blockTokens);
      const kept: number[] = [];
      let left = privates;
      for (let at = request.to - request.from; at < full && left > 0; at++) {
        const id = ids.take();
        if (id < 0) {
          unkept++;
          break;
        }
        ids.place(id);
        pool.keepPrivate(id);
        left--;
        kept.push(id);
      }
      tiers.used(kept, 0, kept.length, true);
      if (config.saveOnCompute) tiers.save(kept, 0, kept.length, hint);
      if (request.session >= 0) sessions.remember(request, kept);
      return left;
    },
    claim(request) {
      if (request.ids !== null && request.session >= 0) sessions.claim(request, rename);
    },
    get unkept() {
      return unkept;
    },
  };
}
