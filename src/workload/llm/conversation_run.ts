import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ConversationTurn } from "../../model/conversation.ts";
import { dataError } from "../../model/errors.ts";
import type { LlmEngine } from "./engine.ts";
import { dropFileFromPageCache } from "./page_cache.ts";
import { promptOf } from "./prompts.ts";

/** How a run treats a conversation that left the engine's slot. */
export interface ConversationRules {
  readonly saves: boolean;
  /** Asked when a saved state is on the drive. */
  restores(savedTokens: number, promptTokens: number): boolean;
  /** Drive space for saved states. */
  readonly stateBytes: number;
}

export type TurnAction = "start" | "resident" | "restore" | "recompute";

/** One turn as it was measured; times are seconds. */
export interface MeasuredTurn {
  readonly session: number;
  readonly action: TurnAction;
  readonly evaluatedTokens: number;
  readonly ttftSeconds: number;
  readonly restoreSeconds: number;
  readonly decodeSeconds: number;
  readonly saveSeconds: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

export interface MeasuredConversation {
  readonly turns: readonly MeasuredTurn[];
  /** Bytes of the states that were loaded, saved anew and compared at the end. */
  readonly verifiedBytes: number;
  /** False when the page cache could not be dropped before a load. */
  readonly cold: boolean;
}

interface SavedState {
  readonly path: string;
  readonly tokens: number;
  readonly bytes: number;
}

/** Plays the turns on a real engine: every state lies in a file, every load comes from the drive. */
export async function runConversation(
  engine: LlmEngine,
  turns: readonly ConversationTurn[],
  rules: ConversationRules,
  directory: string,
  onTurn: (done: number) => void = () => {},
): Promise<MeasuredConversation> {
  const histories = new Map<number, number[]>();
  const states = new Map<number, SavedState>();
  const measured: MeasuredTurn[] = [];
  let slot: number | null = null;
  let cold = true;
  const drop = (session: number): void => {
    const state = states.get(session);
    if (state === undefined) return;
    rmSync(state.path, { force: true });
    states.delete(session);
  };
  await engine.clear();
  for (const [index, turn] of turns.entries()) {
    if (turn.first) {
      histories.delete(turn.session);
      drop(turn.session);
    }
    const history = histories.get(turn.session) ?? [];
    const prompt = [...history, ...promptOf(turn.newTokens, index)];
    const state = states.get(turn.session);
    const action: TurnAction = history.length === 0
      ? "start"
      : slot === turn.session
      ? "resident"
      : state !== undefined && rules.restores(state.tokens, prompt.length)
      ? "restore"
      : "recompute";
    let restoreSeconds = 0;
    let cached = action === "resident" ? history.length - 1 : 0;
    if (action !== "resident") await engine.clear();
    if (action === "restore") {
      cold = dropFileFromPageCache(state!.path) && cold;
      const restored = await engine.restore(state!.path);
      if (restored.contextTokens !== state!.tokens) {
        throw dataError(
          `turn ${index}: the state of ${
            state!.tokens
          } tokens came back with ${restored.contextTokens}`,
          "the saved KV state is damaged",
        );
      }
      restoreSeconds = restored.seconds;
      cached = state!.tokens;
      // The most recently used state is the last of the map.
      states.delete(turn.session);
      states.set(turn.session, state!);
    }
    const decoded = await engine.decode(prompt.slice(cached), turn.outputTokens);
    histories.set(turn.session, [...prompt, ...decoded.tokens]);
    slot = turn.session;
    const saved = rules.saves
      ? await saveState(engine, turn.session, decoded.contextTokens, states, rules, directory)
      : { seconds: 0, bytes: 0 };
    measured.push({
      session: turn.session,
      action,
      evaluatedTokens: prompt.length - cached,
      ttftSeconds: restoreSeconds + decoded.firstSeconds,
      restoreSeconds,
      decodeSeconds: decoded.seconds - decoded.firstSeconds,
      saveSeconds: saved.seconds,
      readBytes: action === "restore" ? state!.bytes : 0,
      writtenBytes: saved.bytes,
    });
    onTurn(index + 1);
  }
  const verifiedBytes = await verifyStates(engine, states, directory);
  for (const session of [...states.keys()]) drop(session);
  return { turns: measured, verifiedBytes, cold };
}

/** Saves the slot's state under the space limit, dropping the least recently used ones for it. */
async function saveState(
  engine: LlmEngine,
  session: number,
  tokens: number,
  states: Map<number, SavedState>,
  rules: ConversationRules,
  directory: string,
): Promise<{ seconds: number; bytes: number }> {
  const path = join(directory, `conversation-${session}.state`);
  states.delete(session);
  const { seconds, bytes } = await engine.save(path);
  if (bytes > rules.stateBytes) {
    rmSync(path, { force: true });
    return { seconds: 0, bytes: 0 };
  }
  let held = [...states.values()].reduce((sum, s) => sum + s.bytes, 0);
  for (const [oldest, state] of states) {
    if (held + bytes <= rules.stateBytes) break;
    rmSync(state.path, { force: true });
    states.delete(oldest);
    held -= state.bytes;
  }
  states.set(session, { path, tokens, bytes });
  return { seconds, bytes };
}

/** Loads every state that is left, saves it anew and compares the files: what came back is what was saved. */
async function verifyStates(
  engine: LlmEngine,
  states: ReadonlyMap<number, SavedState>,
  directory: string,
): Promise<number> {
  const again = join(directory, "again.state");
  let verified = 0;
  for (const [session, state] of states) {
    await engine.clear();
    await engine.restore(state.path);
    await engine.save(again);
    const [before, after] = [readFileSync(state.path), readFileSync(again)];
    if (!before.equals(after)) {
      throw dataError(
        `conversation ${session}: the KV state that was loaded differs from the one that was saved`,
        "the drive or the memory is faulty; look at the kernel's log",
      );
    }
    verified += state.bytes;
  }
  rmSync(again, { force: true });
  return verified;
}
