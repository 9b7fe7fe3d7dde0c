import { counted } from "../../model/plural.ts";
import { formatRatio } from "../../model/units.ts";
import type { Json } from "../../model/json.ts";
import type { MeasuredQuantity, ScoreDocument } from "../../model/prediction.ts";
import { scoreClaims } from "../../gate/score.ts";
import type {
  Workload,
  WorkloadContext,
  WorkloadPrediction,
  WorkloadResult,
} from "../../workload/workload.ts";
import type { LoadedRequests } from "./inputs.ts";
import { machineNoise, NOISE_LIMIT } from "./machine_noise.ts";
import { scoreDocument } from "./score_document.ts";
import { type Sealed, sealPrediction } from "./seal.ts";

/** Everything a run of a workload can be judged by: what it says itself, and its phases. */
export function quantitiesOf(result: WorkloadResult): Map<string, MeasuredQuantity> {
  return new Map([
    ...result.phases.flatMap((p): [string, MeasuredQuantity][] => {
      const once = (value: number) => ({ value, low: value, high: value, repeats: 1 });
      return [
        [`${p.name} operations`, once(p.operations)],
        [`${p.name} seconds`, once(p.seconds)],
        [`${p.name} bytes`, once(p.bytesRead + p.bytesWritten)],
      ];
    }),
    ...Object.entries(result.quantities ?? {}),
  ]);
}

/** A prediction that is to be sealed, and the context in which its run then takes place. */
interface Prepared {
  readonly prediction: WorkloadPrediction;
  readonly context: WorkloadContext;
}

/** Calibrates and predicts: by a replay for conversations, else by the workload itself. */
async function prepare(
  workload: Workload,
  params: unknown,
  context: WorkloadContext,
  requests: LoadedRequests | null,
): Promise<Prepared> {
  if (workload.name !== "conversation" || requests === null) {
    return { prediction: await workload.predict!(params, context), context };
  }
  const { calibrateChoice, calibrationInputs } = await import(
    "../../workload/llm/engine_claims.ts"
  );
  const { predictConversation } = await import("./predictors.ts");
  const choice = params as Parameters<typeof calibrateChoice>[0];
  const calibration = await calibrateChoice(choice, context, []);
  const predicted = await predictConversation(
    requests,
    calibration.profile,
    calibration.residuals.prefill,
    params as Record<string, unknown>,
    context.seed,
  );
  return {
    prediction: {
      claims: predicted.claims,
      inputs: { ...predicted.inputs, ...calibrationInputs(calibration) },
    },
    // The run's own decisions (hybrid) rest on the laws that were sealed.
    context: { ...context, engine: calibration.profile },
  };
}

export interface PredictedRun {
  readonly sealed: Sealed;
  readonly result: WorkloadResult;
  readonly score: ScoreDocument;
}

/** Whether a workload can be predicted before it runs. */
export function isPredictable(workload: Workload): boolean {
  return workload.predict !== undefined || workload.name === "conversation";
}

/** Calibrates, predicts, hands the sealed prediction out, runs, scores: in this order. */
export async function runPredicted(
  workload: Workload,
  params: unknown,
  context: WorkloadContext,
  about: {
    readonly requests: LoadedRequests | null;
    readonly command: readonly string[];
    /** What is known beside the workload's own inputs: trace, policy, profiles. */
    readonly inputs: { readonly [key: string]: Json };
  },
  onSealed: (sealed: Sealed) => Promise<void>,
): Promise<PredictedRun> {
  const noise = machineNoise(context.directory).ratio;
  const { prediction, context: judged } = await prepare(workload, params, context, about.requests);
  const sealed = sealPrediction(
    {
      claims: prediction.claims,
      inputs: {
        workload: workload.name,
        workloadParams: params as Json,
        seed: context.seed,
        noiseRatioBefore: noise,
        ...about.inputs,
        ...prediction.inputs,
      },
    },
    {
      summary: `bench ${workload.name}, ${counted(prediction.claims.length, "claim")}`,
      knob: null,
      run: about.command,
      now: new Date(),
    },
  );
  await onSealed(sealed);
  const result = await workload.run(params, judged);
  const noisy = Math.max(noise, machineNoise(context.directory).ratio);
  const score = scoreDocument(
    [{
      name: `bench ${workload.name}`,
      knob: null,
      sha256: sealed.sha256,
      refused: null,
      rows: scoreClaims(prediction.claims, quantitiesOf(result)),
    }],
    new Date(),
    noisy,
  );
  const warning = noisy <= NOISE_LIMIT ? [] : [
    `this machine is noisy: fixed work varied by ${
      formatRatio(Number(noisy.toPrecision(2)))
    } around the run, so misses may be the machine's, not the model's`,
  ];
  return { sealed, result: { ...result, notes: [...result.notes, ...warning] }, score };
}
