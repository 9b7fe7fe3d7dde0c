import { engineTime } from "../../model/engine_time.ts";
import type { Json } from "../../model/json.ts";
import type { Claim } from "../../model/prediction.ts";
import type { WorkloadContext, WorkloadPrediction } from "../workload.ts";
import { type EngineDrift, measureDrift } from "./anchor_engine.ts";
import { calibrateEngine, type EngineCalibration } from "./calibrate_engine.ts";
import { ENGINE_NAME, type EngineChoice, modelName, withEngine } from "./with_engine.ts";

/** The bars of the comparison: recompute within 10 %, saving and loading within 15 %. */
export const WITHIN = { prefill: 0.1, save: 0.15, load: 0.15 } as const;

/** Calibrates an engine of its own process, never on the judged lengths. */
export function calibrateChoice(
  choice: EngineChoice,
  context: WorkloadContext,
  judged: readonly number[],
  repeats = 3,
): Promise<EngineCalibration> {
  return withEngine(choice, context, (engine) =>
    calibrateEngine(engine, {
      directory: context.directory,
      model: modelName(choice, context.seed),
      engineName: ENGINE_NAME,
      contextTokens: choice.contextTokens,
      threads: choice.threads,
      repeats,
      asOf: context.asOf,
      judged,
      progress: context.progress,
    }));
}

/** How far an engine of its own process is from its calibration now. */
export function driftOfChoice(
  choice: EngineChoice,
  context: WorkloadContext,
  calibration: EngineCalibration,
): Promise<EngineDrift> {
  return withEngine(
    choice,
    context,
    (engine) => measureDrift(engine, calibration, context.directory),
  );
}

/** What a calibration says of itself in a sealed prediction. */
export function calibrationInputs(calibration: EngineCalibration): { [key: string]: Json } {
  return {
    engine: calibration.profile as unknown as Json,
    calibrationPoints: calibration.points.map((p) => ({ ...p })),
    calibrationResiduals: { ...calibration.residuals },
    pageCacheDropped: calibration.cold,
  };
}

/** Claims of the `llm` workload for other lengths: times by the laws, bytes exactly. */
export function lengthClaims(
  calibration: EngineCalibration,
  lengths: readonly number[],
): WorkloadPrediction {
  const { profile, residuals } = calibration;
  const [mid, low, high] = (["mid", "low", "high"] as const).map((s) =>
    engineTime(profile, null, s)
  );
  const claims = lengths.flatMap((length): Claim[] => {
    const bytes = mid.stateBytes(length);
    const warm = (l: typeof profile.loadWarm, pick: (q: typeof l.baseSeconds) => number) =>
      pick(l.baseSeconds) + pick(l.secondsPerByte) * bytes;
    const end = (name: "low" | "high") => (q: typeof profile.loadWarm.baseSeconds) =>
      (q as { low?: number; high?: number })[name] ?? q.value;
    const seconds = (
      phase: string,
      [predicted, from, to]: readonly [number, number, number],
      within: number,
      assumption: string,
      calibrationResidual: number,
    ): Claim => ({
      quantity: `${phase}-${length} seconds`,
      unit: "seconds",
      predicted,
      low: from,
      high: to,
      within,
      assumption,
      calibrationResidual,
    });
    const exact = (phase: string): Claim => ({
      quantity: `${phase}-${length} bytes`,
      unit: "bytes",
      predicted: bytes,
      low: null,
      high: null,
      within: 0,
      assumption: "a state is a header and equal bytes a token",
      calibrationResidual: null,
    });
    const linear = "time is linear in the bytes of the state";
    return [
      seconds(
        "prefill",
        [mid.prefill(0, length), low.prefill(0, length), high.prefill(0, length)],
        WITHIN.prefill,
        "prefill is base + a*n + b*n*(h+n) seconds",
        residuals.prefill,
      ),
      seconds(
        "save",
        [mid.save(bytes), low.save(bytes), high.save(bytes)],
        WITHIN.save,
        linear,
        residuals.save,
      ),
      exact("save"),
      seconds(
        "load-cold",
        [mid.load(bytes), low.load(bytes), high.load(bytes)],
        WITHIN.load,
        linear,
        residuals.loadCold,
      ),
      exact("load-cold"),
      seconds(
        "load-warm",
        [
          warm(profile.loadWarm, (q) => q.value),
          warm(profile.loadWarm, end("low")),
          warm(profile.loadWarm, end("high")),
        ],
        WITHIN.load,
        linear,
        residuals.loadWarm,
      ),
    ];
  });
  return { claims, inputs: calibrationInputs(calibration) };
}
