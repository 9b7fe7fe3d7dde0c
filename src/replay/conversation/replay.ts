import { conversationOf, type ConversationTurn } from "../../model/conversation.ts";
import { dataError, usageError } from "../../model/errors.ts";
import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { Replay, ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { EngineProfile } from "../../model/profiles/engine.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import type { Usage } from "../../model/usage.ts";
import {
  crossoverBandwidth,
  type EngineTime,
  engineTime,
  type Side,
} from "../../model/engine_time.ts";
import type { ConversationParams } from "./params.ts";
import { createStateStore } from "./state_store.ts";

/** What a policy decides of one turn whose conversation left the slot and has a saved state. */
export interface RestoreChoice {
  /** Tokens of the saved state. */
  readonly savedTokens: number;
  /** Tokens of the whole prompt. */
  readonly promptTokens: number;
}

/** Where policies differ. */
export interface ConversationStrategy {
  /** States are saved after every turn. */
  readonly saves: boolean;
  /** Load the saved state, or evaluate the prompt again? Asked only when there is a state. */
  restores(choice: RestoreChoice, time: EngineTime): boolean;
}

type Action = "start" | "resident" | "restore" | "recompute";

/** One turn as it went. */
interface TurnResult {
  readonly session: number;
  readonly action: Action;
  readonly evaluatedTokens: number;
  readonly ttftSeconds: number;
  readonly restoreSeconds: number;
  readonly decodeSeconds: number;
  readonly saveSeconds: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** The engine of the hardware profile. @throws usage error when the profile has none. */
export function engineOf(context: ReplayContext<"requests">): EngineProfile {
  const engine = context.profiles.hardware?.engine;
  if (engine !== null && engine !== undefined) return engine;
  throw usageError(
    context.profiles.hardware === null
      ? "replay conversation needs a machine whose LLM engine was measured"
      : `the hardware profile "${context.profiles.hardware.name}" has no engine`,
    'make one with "spillway calibrate --engine 29m-mha -o this-machine.json" and give it with --hardware',
  );
}

/**
 * Replays turns on a single-slot engine, one after another: a conversation that still is in the slot goes
 * on; one that is not is restored from its saved state or evaluated again. The last decoded token is not yet
 * in the state, so a continued turn evaluates it with the new ones.
 */
export function replayTurns(
  turns: readonly ConversationTurn[],
  engine: EngineProfile,
  strategy: ConversationStrategy,
  params: ConversationParams,
  side: Side,
): { turns: TurnResult[]; heldByteSeconds: number } {
  const time = engineTime(engine, params.readBandwidth, side, params.limitSlice);
  // Decisions are the policy's own: it knows the middle of the coefficients, whatever the side.
  const known = engineTime(engine, params.readBandwidth, "mid", params.limitSlice);
  const store = createStateStore(params.stateBytes ?? Infinity);
  const history = new Map<number, number>();
  let slot: number | null = null;
  let heldByteSeconds = 0;
  const results = turns.map((turn): TurnResult => {
    const before = turn.first ? 0 : history.get(turn.session) ?? 0;
    if (turn.first) store.forget(turn.session);
    const prompt = before + turn.newTokens;
    const saved = store.tokensOf(turn.session);
    const action: Action = before === 0
      ? "start"
      : slot === turn.session
      ? "resident"
      : saved > 0 && strategy.restores({ savedTokens: saved, promptTokens: prompt }, known)
      ? "restore"
      : "recompute";
    const cached = action === "resident" ? before - 1 : action === "restore" ? saved : 0;
    if (action === "restore") store.touch(turn.session);
    const readBytes = action === "restore" ? time.stateBytes(saved) : 0;
    const restoreSeconds = action === "restore" ? time.load(readBytes) : 0;
    const evaluatedTokens = prompt - cached;
    const ttftSeconds = restoreSeconds + time.prefill(cached, evaluatedTokens);
    const decodeSeconds = time.decode(turn.outputTokens - 1);
    const after = prompt + turn.outputTokens;
    history.set(turn.session, after);
    slot = turn.session;
    const stateBytes = time.stateBytes(after - 1);
    const kept = strategy.saves && store.save(turn.session, after - 1, stateBytes);
    const saveSeconds = kept ? time.save(stateBytes) : 0;
    heldByteSeconds += store.heldBytes * (ttftSeconds + decodeSeconds + saveSeconds);
    const writtenBytes = kept ? stateBytes : 0;
    return {
      session: turn.session,
      action,
      evaluatedTokens,
      ttftSeconds,
      restoreSeconds,
      decodeSeconds,
      saveSeconds,
      readBytes,
      writtenBytes,
    };
  });
  return { turns: results, heldByteSeconds };
}

/** Nearest rank. */
function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

function sum(turns: readonly TurnResult[], pick: (t: TurnResult) => number): number {
  return turns.reduce((total, turn) => total + pick(turn), 0);
}

function wallOf(turns: readonly TurnResult[]): number {
  return sum(turns, (t) => t.ttftSeconds + t.decodeSeconds + t.saveSeconds);
}

function metricsOf(
  mid: readonly TurnResult[],
  sides: readonly (readonly TurnResult[])[],
  exact: boolean,
): Metrics {
  const counted = exact ? "replayed" : "modelled";
  const seconds = (of: (turns: readonly TurnResult[]) => number) => {
    if (mid.length === 0) return unknownMetric("seconds", "modelled", "the trace has no turn");
    const all = [mid, ...sides].map(of);
    return metric(all[0], "seconds", "modelled", { low: Math.min(...all), high: Math.max(...all) });
  };
  const ttft = (turns: readonly TurnResult[], q: number) =>
    quantile(Float64Array.from(turns, (t) => t.ttftSeconds).sort(), q);
  const turns = (action: Action) =>
    metric(mid.filter((t) => t.action === action).length, "count", counted);
  return {
    ttft_mean_seconds: seconds((t) => sum(t, (x) => x.ttftSeconds) / t.length),
    ttft_p50_seconds: seconds((t) => ttft(t, 0.5)),
    ttft_p99_seconds: seconds((t) => ttft(t, 0.99)),
    serving_seconds: seconds(wallOf),
    restore_seconds: seconds((t) => sum(t, (x) => x.restoreSeconds)),
    save_seconds: seconds((t) => sum(t, (x) => x.saveSeconds)),
    resident_turns: turns("resident"),
    restored_turns: turns("restore"),
    recomputed_turns: turns("recompute"),
    evaluated_tokens: metric(sum(mid, (t) => t.evaluatedTokens), "tokens", counted),
    ssd_read_bytes: metric(sum(mid, (t) => t.readBytes), "bytes", counted),
    ssd_written_bytes: metric(sum(mid, (t) => t.writtenBytes), "bytes", counted),
  };
}

function usageOf(
  turns: readonly TurnResult[],
  plan: readonly ConversationTurn[],
  heldByteSeconds: number,
): Usage {
  const wallSeconds = wallOf(turns);
  const flow = (direction: "read" | "write", pick: (t: TurnResult) => number) => ({
    tier: "ssd" as const,
    direction,
    bytes: sum(turns, pick),
    requests: turns.filter((t) => pick(t) > 0).length,
  });
  return {
    wallSeconds,
    functionalUnits: {
      requests: turns.length,
      inputTokens: sum(turns, (t) => t.evaluatedTokens),
      outputTokens: plan.reduce((total, t) => total + t.outputTokens, 0),
    },
    devices: [{
      kind: "cpu",
      count: 1,
      reservedSeconds: wallSeconds,
      busySeconds: sum(turns, (t) => t.ttftSeconds - t.restoreSeconds + t.decodeSeconds),
    }],
    flows: [flow("read", (t) => t.readBytes), flow("write", (t) => t.writtenBytes)]
      .filter((f) => f.bytes > 0),
    held: [{ tier: "ssd", byteSeconds: heldByteSeconds }],
    evidence: "modelled",
  };
}

/**
 * The replay of one policy of the family.
 *
 * @param exact Whether the policy's decisions follow from the trace alone, without the time laws.
 * @throws usage error when the hardware profile has no measured engine.
 */
export function createConversationReplay(
  params: ConversationParams,
  context: ReplayContext<"requests">,
  strategy: ConversationStrategy,
  exact: boolean,
): Replay<"requests"> {
  const engine = engineOf(context);
  const batches: RequestColumns[] = [];
  return {
    feed: (columns) => void batches.push(columns),
    finish(): ReplayOutcome {
      const { contextTokens } = engine;
      const plan = conversationOf(batches, { ...params, contextTokens });
      if (plan.turns.length === 0) throw dataError("the trace has no request to replay");
      const run = (side: Side) => replayTurns(plan.turns, engine, strategy, params, side);
      const mid = run("mid");
      const sides = [run("low"), run("high")].map((r) => r.turns);
      const longest = Math.max(...plan.turns.map((t) => t.newTokens));
      const crossover = crossoverBandwidth(engine, longest);
      return {
        metrics: metricsOf(mid.turns, sides, exact),
        usage: usageOf(mid.turns, plan.turns, mid.heldByteSeconds),
        series: [{
          id: "ttft",
          title: "time to first token of each turn",
          xUnit: "index",
          unit: "seconds",
          x: mid.turns.map((_, i) => i),
          y: mid.turns.map((t) => t.ttftSeconds),
        }],
        detail: {
          engine: `${engine.name}, ${engine.model}, ${engine.threads} threads`,
          turns: mid.turns.map((t) => ({ ...t })),
          crossover: { tokens: longest, bytesPerSecond: crossover },
        },
        notes: plan.restarts === 0 ? [] : [
          `${plan.restarts} turns began their conversation anew: the prompt did not extend the history, ` +
          `or outgrew the ${contextTokens} tokens of context`,
        ],
      };
    },
  };
}
