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

/** What is known of a session's last turn; nothing in it keeps the trace's batches alive. */
interface Left {
  /** Blocks of its list, those of them that its prompt filled, and the id of the last full one. */
  readonly listed: number;
  readonly full: number;
  readonly lastFull: number;
  /** The list's last block when decoding filled it, else -1. */
  readonly filled: number;
  readonly kept: readonly number[];
  readonly stamps: readonly number[];
}

/** Sessions remembered at a time: what an older one left has long been evicted. */
const MOST_SESSIONS = 1 << 17;

/** Makes an empty memory of sessions. */
export function createSessionBlocks(blockTokens: number, ids: IdSpace): SessionBlocks {
  const bySession = new Map<number, Left>();
  return {
    remember(request, kept) {
      const listed = request.to - request.from;
      const full = Math.min(listed, Math.floor(request.inputTokens / blockTokens));
      const stored = Math.floor((request.inputTokens + request.outputTokens - 1) / blockTokens);
      const filled = listed > full && stored > full ? request.ids![request.from + full] : -1;
      if (full === 0 || (kept.length === 0 && filled < 0)) {
        bySession.delete(request.session);
        return;
      }
      bySession.set(request.session, {
        listed,
        full,
        lastFull: request.ids![request.from + full - 1],
        filled,
        kept,
        stamps: kept.map((id) => ids.stampOf(id)),
      });
      if (bySession.size > MOST_SESSIONS) {
        for (const oldest of bySession.keys()) {
          bySession.delete(oldest);
          break;
        }
      }
    },
    claim(request, rename) {
      const left = bySession.get(request.session);
      if (left === undefined || request.ids === null) return;
      bySession.delete(request.session);
      const { listed, full, lastFull, filled, kept, stamps } = left;
      if (request.to - request.from <= full) return;
      // Ids chain over the prefix, so equal last full blocks mean equal prompts up to there.
      if (lastFull !== request.ids[request.from + full - 1]) return;
      // The partial last block of the earlier prompt was filled by decoding.
      if (filled >= 0) rename(filled, request.ids[request.from + full]);
      for (let k = 0; k < kept.length; k++) {
        const position = listed + k;
        if (position >= request.to - request.from) return;
        if (ids.stampOf(kept[k]) !== stamps[k]) continue;
        rename(kept[k], request.ids[request.from + position]);
      }
    },
  };
}
