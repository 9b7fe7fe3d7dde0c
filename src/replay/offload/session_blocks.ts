import type { IdSpace } from "./id_space.ts";
import type { EngineRequest } from "./request.ts";

/**
 * Blocks that decoding made, by session. The next turn's prompt contains the answer, so its list names the
 * same content by the trace's ids: when it continues the earlier prompt, the decoded blocks become its.
 */
export interface SessionBlocks {
  /** After a request ended: `kept` are the ids of the blocks that follow its list. */
  remember(request: EngineRequest, kept: readonly number[]): void;
  /** When a turn arrives: calls `rename` for each block it finds again under another id. */
  claim(request: EngineRequest, rename: (from: number, to: number) => void): void;
}

interface Left {
  readonly request: EngineRequest;
  readonly kept: readonly number[];
  readonly stamps: readonly number[];
}

/** Makes an empty memory of sessions. */
export function createSessionBlocks(blockTokens: number, ids: IdSpace): SessionBlocks {
  const bySession = new Map<number, Left>();
  return {
    remember(request, kept) {
      bySession.set(request.session, { request, kept, stamps: kept.map((id) => ids.stampOf(id)) });
    },
    claim(request, rename) {
      const left = bySession.get(request.session);
      if (left === undefined || request.ids === null) return;
      bySession.delete(request.session);
      const before = left.request;
      const listed = before.to - before.from;
      const full = Math.min(listed, Math.floor(before.inputTokens / blockTokens));
      if (full === 0 || request.to - request.from <= full) return;
      // Ids chain over the prefix, so equal last full blocks mean equal prompts up to there.
      const last = full - 1;
      if (before.ids![before.from + last] !== request.ids[request.from + last]) return;
      const stored = Math.floor((before.inputTokens + before.outputTokens - 1) / blockTokens);
      if (listed > full && stored > full) {
        // The partial last block of the earlier prompt was filled by decoding.
        rename(before.ids![before.from + full], request.ids[request.from + full]);
      }
      for (let k = 0; k < left.kept.length; k++) {
        const position = listed + k;
        if (position >= request.to - request.from) return;
        if (ids.stampOf(left.kept[k]) !== left.stamps[k]) continue;
        rename(left.kept[k], request.ids[request.from + position]);
      }
    },
  };
}
