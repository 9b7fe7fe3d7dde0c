import { z } from "zod";
import { conversationOf } from "../../model/conversation.ts";
import { engineTime, loadingIsFaster } from "../../model/engine_time.ts";
import { usageError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { MeasuredQuantity } from "../../model/prediction.ts";
import type { EngineProfile } from "../../model/profiles/engine.ts";
import { bytesParam, rateParam } from "../../model/params.ts";
import { formatRate } from "../../model/units.ts";
import {
  type IoThrottle,
  THROTTLE_SLICE_SECONDS,
  throttleReads,
} from "../../runtime/io_throttle.ts";
import {
  type MeasuredConversation,
  type MeasuredTurn,
  runConversation,
} from "../llm/conversation_run.ts";
import { calibrateChoice } from "../llm/engine_claims.ts";
import { engineFields } from "../llm/engine_params.ts";
import { engineReady, setupEngine } from "../llm/engine_setup.ts";
import { modelBytes, modelName, withEngine } from "../llm/with_engine.ts";
import { phaseOf, quantityOf } from "../quantities.ts";
import type { Workload, WorkloadContext, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  ...engineFields,
  policy: z.enum(["recompute", "kv-offload", "hybrid"]).default("hybrid")
    .describe("what happens to a conversation that left the slot"),
  contextTokens: z.number().int().min(128).max(8192).default(1024).describe(
    "context of the engine",
  ),
  turns: z.number().int().positive().default(24).describe("turns taken from the trace"),
  tokenDivisor: z.number().positive().default(1)
    .describe("divides the trace's token counts, so that it fits a small engine"),
  readBandwidth: rateParam().nullable().default(null)
    .describe("limits the engine's reads of the drive (needs root); null: not limited"),
  stateBytes: bytesParam().nullable().default(null)
    .describe("drive space for saved states; null: no limit"),
  repeats: z.number().int().min(1).max(100).default(5).describe("times the conversation is played"),
});

type Params = z.infer<typeof params>;

/** The laws that `hybrid` decides by: given with --hardware, else measured now, before the run. */
async function lawsFor(params: Params, context: WorkloadContext): Promise<EngineProfile | null> {
  if (params.policy !== "hybrid") return null;
  return context.engine ?? (await calibrateChoice(params, context, [], 2)).profile;
}

async function run(params: Params, context: WorkloadContext): Promise<WorkloadResult> {
  if (context.requests === undefined) {
    throw usageError("bench conversation needs a request trace", "name one with --conversation");
  }
  const plan = conversationOf(context.requests, params);
  const laws = await lawsFor(params, context);
  const time = laws === null
    ? null
    : engineTime(laws, params.readBandwidth, "mid", THROTTLE_SLICE_SECONDS);
  const played: MeasuredConversation[] = [];
  let method = "reads are not limited";
  await withEngine(params, context, async (engine) => {
    let throttle: IoThrottle | null = null;
    if (params.readBandwidth !== null) {
      throttle = throttleReads(engine.pid, context.directory);
      throttle.set(params.readBandwidth);
      method = `reads limited to ${formatRate(params.readBandwidth)}: ${throttle.method}`;
    }
    try {
      for (let repeat = 0; repeat < params.repeats; repeat++) {
        context.mark(`conversation-${repeat}`);
        played.push(
          await runConversation(
            engine,
            plan.turns,
            {
              saves: params.policy !== "recompute",
              restores: (saved, prompt) => time === null || loadingIsFaster(saved, prompt, time),
              stateBytes: params.stateBytes ?? Infinity,
            },
            context.directory,
            (done) =>
              context.progress(
                repeat * plan.turns.length + done,
                params.repeats * plan.turns.length,
                "turns",
              ),
          ),
        );
      }
    } finally {
      throttle?.release();
    }
  });
  return resultOf(played, [
    modelName(params, context.seed),
    `${plan.turns.length} turns, policy ${params.policy}; ${method}`,
    ...(plan.restarts === 0 ? [] : [`${plan.restarts} turns began their conversation anew`]),
    ...(played.every((p) => p.cold)
      ? []
      : ["the page cache could not be dropped before each load"]),
  ]);
}

function resultOf(
  played: readonly MeasuredConversation[],
  notes: readonly string[],
): WorkloadResult {
  const turns = played.flatMap((p) => p.turns);
  const seconds = (pick: (t: MeasuredTurn) => number) => turns.map(pick).filter((s) => s > 0);
  const total = (pick: (t: MeasuredTurn) => number) => turns.reduce((sum, t) => sum + pick(t), 0);
  const ttftOf = (action: MeasuredTurn["action"]) =>
    turns.filter((t) => t.action === action).map((t) => t.ttftSeconds);
  return {
    phases: [
      ...(["start", "resident", "restore", "recompute"] as const)
        .filter((action) => ttftOf(action).length > 0)
        .map((action) => phaseOf(`ttft-${action}`, ttftOf(action))),
      phaseOf("restore", seconds((t) => t.restoreSeconds), total((t) => t.readBytes)),
      phaseOf("save", seconds((t) => t.saveSeconds), 0, total((t) => t.writtenBytes)),
      phaseOf("decode", seconds((t) => t.decodeSeconds)),
    ].filter((phase) => phase.operations > 0),
    verifiedBytes: played.reduce((sum, p) => sum + p.verifiedBytes, 0),
    quantities: conversationQuantities(played),
    notes,
    detail: { turns: (played.at(-1)?.turns ?? []).map((t) => ({ ...t })) as Json },
  };
}

/** The metrics of `replay conversation` as they were measured, each over the repeats. */
function conversationQuantities(
  played: readonly MeasuredConversation[],
): Record<string, MeasuredQuantity> {
  const over = (of: (turns: readonly MeasuredTurn[]) => number) =>
    quantityOf(played.map((p) => of(p.turns)));
  const sum = (turns: readonly MeasuredTurn[], pick: (t: MeasuredTurn) => number) =>
    turns.reduce((total, turn) => total + pick(turn), 0);
  const count = (action: MeasuredTurn["action"]) =>
    over((turns) => turns.filter((t) => t.action === action).length);
  const rank = (turns: readonly MeasuredTurn[], q: number) => {
    const sorted = turns.map((t) => t.ttftSeconds).sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  };
  return {
    ttft_mean_seconds: over((turns) => sum(turns, (t) => t.ttftSeconds) / turns.length),
    ttft_p50_seconds: over((turns) => rank(turns, 0.5)),
    ttft_p99_seconds: over((turns) => rank(turns, 0.99)),
    serving_seconds: over((turns) =>
      sum(turns, (t) => t.ttftSeconds + t.decodeSeconds + t.saveSeconds)
    ),
    restore_seconds: over((turns) => sum(turns, (t) => t.restoreSeconds)),
    save_seconds: over((turns) => sum(turns, (t) => t.saveSeconds)),
    resident_turns: count("resident"),
    restored_turns: count("restore"),
    recomputed_turns: count("recompute"),
    evaluated_tokens: over((turns) => sum(turns, (t) => t.evaluatedTokens)),
    ssd_read_bytes: over((turns) => sum(turns, (t) => t.readBytes)),
    ssd_written_bytes: over((turns) => sum(turns, (t) => t.writtenBytes)),
  };
}

export const workload: Workload<Params> = {
  name: "conversation",
  summary:
    "a real LLM engine plays a multi-turn trace: recompute, kv-offload or hybrid, turn by turn",
  params,
  diskBytes: (p) => modelBytes(p) + Math.min(p.stateBytes ?? Infinity, 2 ** 30),
  ready: engineReady,
  setup: setupEngine,
  run,
};
