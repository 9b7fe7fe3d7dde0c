import type { ChatTraceParams, GeneratedRequest } from "../../generate/requests.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import type { LoadedRequests } from "./inputs.ts";

function columnsOf(rows: readonly GeneratedRequest[], withBlocks: boolean): RequestColumns {
  const offsets = [0];
  for (const r of rows) offsets.push(offsets.at(-1)! + r.blocks.length);
  return {
    kind: "requests",
    count: rows.length,
    arrivalNs: Float64Array.from(rows, (r) => r.arrivalMs * 1e6),
    inputTokens: Uint32Array.from(rows, (r) => r.inputTokens),
    outputTokens: Uint32Array.from(rows, (r) => r.outputTokens),
    session: Int32Array.from(rows, (r) => r.session),
    turn: Int32Array.from(rows, (r) => r.turn),
    thinkNs: Float64Array.from(rows, (r) => r.thinkMs === null ? NaN : r.thinkMs * 1e6),
    blockOffsets: withBlocks ? Uint32Array.from(offsets) : null,
    blockIds: withBlocks ? Uint32Array.from(rows.flatMap((r) => r.blocks)) : null,
  };
}

async function generated(
  seed: number,
  changes: Partial<ChatTraceParams>,
  withBlocks: boolean,
): Promise<LoadedRequests> {
  const { DEFAULT_CHAT, generateChatTrace } = await import("../../generate/requests.ts");
  const params = { ...DEFAULT_CHAT, ...changes, seed };
  const batch = columnsOf(generateChatTrace(params), withBlocks);
  const blocks = batch.blockIds;
  return {
    batches: [batch],
    trace: {
      kind: "requests",
      id: null,
      name: `generated-${seed}`,
      format: "generated",
      sha256: null,
      rows: batch.count,
      meta: {
        blockTokens: blocks === null ? null : params.blockTokens,
        uniqueBlocks: blocks === null ? null : blocks.reduce((a, b) => Math.max(a, b), -1) + 1,
        arrivalSorted: true,
      },
      notes: [],
      async *batches() {
        yield await Promise.resolve(batch);
      },
    },
  };
}

/** Conversations for a small engine: few sessions, interleaved, short messages. */
export function generatedConversations(seed: number): Promise<LoadedRequests> {
  return generated(seed, {
    sessions: 4,
    meanTurns: 6,
    meanSessionGapSeconds: 1,
    meanThinkSeconds: 8,
    systemPrompts: 2,
    systemPromptTokens: 160,
    medianMessageTokens: 48,
    medianAnswerTokens: 20,
    lengthSigma: 0.5,
    maxContextTokens: 1024,
  }, false);
}

/** Serving requests with block ids, for KV traffic: some hundred requests. */
export function generatedServing(seed: number): Promise<LoadedRequests> {
  return generated(seed, { sessions: 120, maxContextTokens: 8192 }, true);
}
