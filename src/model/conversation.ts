import type { RequestColumns } from "./trace/requests.ts";

/** One turn of a conversation: what the user adds to it, and what the engine answers. */
export interface ConversationTurn {
  readonly session: number;
  /** Tokens the user adds; for the first turn the whole prompt. */
  readonly newTokens: number;
  readonly outputTokens: number;
  /** The conversation starts here: nothing cached may be used. */
  readonly first: boolean;
}

export interface ConversationLimits {
  /** Longest context the engine has. */
  readonly contextTokens: number;
  /** Every token count of the trace is divided by it, so that a large trace fits a small engine. */
  readonly tokenDivisor: number;
  /** Turns taken from the start of the trace. */
  readonly turns: number;
}

/** Conversations in the order in which their turns arrive. */
export interface ConversationPlan {
  readonly turns: readonly ConversationTurn[];
  /** Sessions that began anew because their prompt did not extend the history or outgrew the context. */
  readonly restarts: number;
}

/**
 * Turns of a request trace, one after another in order of arrival. A prompt that is not longer than the
 * history, or a turn that would outgrow the context, begins its conversation anew; its prompt is then cut
 * to what fits.
 */
export function conversationOf(
  batches: readonly RequestColumns[],
  limits: ConversationLimits,
): ConversationPlan {
  const rows = batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => ({
      at: batch.arrivalNs[i],
      input: batch.inputTokens[i],
      output: batch.outputTokens[i],
      session: batch.session[i],
    }))
  );
  rows.sort((a, b) => a.at - b.at);
  const scaled = (tokens: number) => Math.max(1, Math.round(tokens / limits.tokenDivisor));
  const history = new Map<number, number>();
  const turns: ConversationTurn[] = [];
  let restarts = 0;
  for (const [i, row] of rows.slice(0, limits.turns).entries()) {
    // A request outside any session is a conversation of one turn.
    const session = row.session >= 0 ? row.session : -1 - i;
    const outputTokens = Math.min(scaled(row.output), Math.floor(limits.contextTokens / 4));
    const room = limits.contextTokens - outputTokens - 1;
    const prompt = scaled(row.input);
    const known = history.get(session) ?? 0;
    const goesOn = known > 0 && prompt > known && prompt <= room;
    if (known > 0 && !goesOn) restarts++;
    const newTokens = goesOn ? prompt - known : Math.min(prompt, room);
    turns.push({ session, newTokens, outputTokens, first: !goesOn });
    history.set(session, (goesOn ? known : 0) + newTokens + outputTokens);
  }
  return { turns, restarts };
}
