import { formatBytes, formatRate } from "../../model/units.ts";
import type { Json } from "../../model/json.ts";
import type { Claim, Knob, MeasuredQuantity } from "../../model/prediction.ts";
import type { EngineCalibration } from "../../workload/llm/calibrate_engine.ts";
import { driftedEngine } from "../../workload/llm/anchor_engine.ts";
import {
  calibrateChoice,
  calibrationInputs,
  driftOfChoice,
} from "../../workload/llm/engine_claims.ts";
import { workload as conversation } from "../../workload/workloads/conversation.ts";
import { validateConversation } from "../bench/as_run.ts";
import type { LoadedRequests } from "../bench/inputs.ts";
import { predictConversation } from "../bench/predictors.ts";
import { quantitiesOf } from "../bench/run_workload.ts";
import { type CaseGroup, type SealedCase, type SealedContext, yesNo, yesNoClaim } from "./case.ts";

/** Drive speeds of the cases, bytes a second; null is the drive's own. */
const SPEEDS = [null, 40e6, 20e6, 10e6, 5e6] as const;
const STATE_BYTES = 6 * 2 ** 20;
const TTFT = "ttft_mean_seconds";
const FASTER = "ttft_mean_seconds below the recorded policy's";
/** Differences in predicted times below this are no claim about which is faster. */
const NEAR = 0.1;

type Params = Parameters<typeof conversation.run>[0];

/** The changes against a run that recomputes: one knob each. */
function knobs(): { knob: Knob; change: Partial<Params>; name: string }[] {
  const policies = (["kv-offload", "hybrid"] as const).flatMap((policy) =>
    SPEEDS.map((readBandwidth) => {
      const at = readBandwidth === null ? "unlimited" : `at ${formatRate(readBandwidth)}`;
      return {
        name: `llama.cpp: ${policy} ${at}`,
        knob: { name: "policy", from: "recompute", to: `${policy} ${at}` },
        change: { policy, readBandwidth },
      };
    })
  );
  const sizes = ([null, 20e6] as const).map((readBandwidth) => ({
    name: `llama.cpp: ${formatBytes(STATE_BYTES)} of states ${
      readBandwidth === null ? "unlimited" : `at ${formatRate(readBandwidth)}`
    }`,
    knob: { name: "stateBytes", from: "no limit", to: formatBytes(STATE_BYTES) },
    change: { policy: "kv-offload" as const, readBandwidth, stateBytes: STATE_BYTES },
  }));
  return [...policies, ...sizes];
}

function ttftOf(claims: readonly Claim[]): number {
  return claims.find((c) => c.quantity === TTFT)!.predicted;
}

/** Which policy is faster, where the prediction can tell them apart. */
function orderClaim(changed: number, recorded: number): Claim[] {
  return Math.abs(changed / recorded - 1) < NEAR
    ? []
    : [yesNoClaim(FASTER, changed < recorded, "which policy is faster")];
}

/** Attempts at a recording that its own replay reproduces; nothing has been predicted until then. */
const ATTEMPTS = 3;

interface Recorded {
  readonly calibration: EngineCalibration;
  readonly recorded: ReadonlyMap<string, MeasuredQuantity>;
  readonly refused: string | null;
}

/** Calibrates and records, anew when the machine changed so much between both that as-run fails. */
async function record(
  params: Params,
  requests: LoadedRequests,
  context: SealedContext,
): Promise<Recorded> {
  for (let attempt = 1;; attempt++) {
    await context.note("calibrating the engine");
    const calibration = await calibrateChoice(params, context, []);
    await context.note("recording the conversation under recompute");
    const recorded = quantitiesOf(
      await conversation.run(params, { ...context, requests: requests.batches }),
    );
    const { refused } = await validateConversation(
      { params, quantities: recorded },
      requests,
      calibration.profile,
      context.seed,
    );
    if (refused === null || attempt === ATTEMPTS) return { calibration, recorded, refused };
    await context.note(`${refused}; measuring both again`);
  }
}

/**
 * Calibrates an engine, records a conversation under `recompute`, validates it under as-run, and gives the
 * cases that predict it under other policies, drive speeds and tier sizes. Before each case the engine is
 * measured at the calibration's own points again, for the machine drifts.
 */
export async function conversationGroup(
  requests: LoadedRequests,
  model: string,
  context: SealedContext,
): Promise<CaseGroup> {
  const recordedParams = conversation.params.parse({
    model,
    policy: "recompute",
    turns: 12,
    contextTokens: 768,
    repeats: context.repeats,
  });
  const { calibration, recorded, refused } = await record(recordedParams, requests, context);
  const residual = calibration.residuals.prefill;
  const besideParams: Params = { ...recordedParams, repeats: Math.ceil(context.repeats / 2) };
  const cases = knobs().map(({ name, knob, change }): SealedCase => {
    const params: Params = { ...recordedParams, ...change };
    return {
      name,
      knob,
      async predict() {
        const drift = await driftOfChoice(recordedParams, context, calibration);
        const engine = driftedEngine(calibration.profile, drift);
        const replay = (p: Params) =>
          predictConversation(requests, engine, residual, p, context.seed);
        const [made, beside] = [await replay(params), await replay(recordedParams)];
        const order = orderClaim(ttftOf(made.claims), ttftOf(beside.claims));
        return {
          prediction: {
            claims: [...made.claims, ...order],
            inputs: {
              ...made.inputs,
              ...calibrationInputs(calibration),
              engine: engine as unknown as Json,
              engineDrift: { ...drift },
              recorded: Object.fromEntries(recorded) as unknown as Json,
            },
          },
          async run(): Promise<ReadonlyMap<string, MeasuredQuantity>> {
            const judged = { ...context, requests: requests.batches, engine };
            const measured = quantitiesOf(await conversation.run(params, judged));
            if (order.length === 0) return measured;
            // Which is faster is seen with both runs side by side, not against one of minutes ago.
            const other = quantitiesOf(await conversation.run(besideParams, judged));
            const [a, b] = [measured, other].map((m) => m.get(TTFT)!.value);
            return new Map([...measured, [FASTER, yesNo(a < b)]]);
          },
        };
      },
    };
  });
  return { refused, cases };
}
