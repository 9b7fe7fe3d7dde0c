import type { EngineProfile } from "../../model/profiles/engine.ts";
import type { Quantity } from "../../model/profiles/quantity.ts";
import { type EngineCalibration, noSamples, samplePoint } from "./calibrate_engine.ts";
import type { LlmEngine } from "./engine.ts";
import { median } from "./least_squares.ts";

/** How much longer each kind of work takes now than when the engine was calibrated; 1 is as then. */
export type EngineDrift = Readonly<
  Record<"prefill" | "decode" | "save" | "loadWarm" | "loadCold", number>
>;

/** Prompts of a calibration have salts from 1000 on: these are others. */
const FIRST_SALT = 500_000;

/**
 * Measures every point of a calibration once more. A machine that is shared with others is faster one minute
 * and slower the next; the laws keep their shape, so one factor a law follows it.
 */
export async function measureDrift(
  engine: LlmEngine,
  calibration: EngineCalibration,
  directory: string,
): Promise<EngineDrift> {
  const { profile, points } = calibration;
  const { prefill } = profile;
  const law = (l: typeof profile.save, bytes: number) =>
    l.baseSeconds.value + l.secondsPerByte.value * bytes;
  const ratios: Record<keyof EngineDrift, number[]> = {
    prefill: [],
    decode: [],
    save: [],
    loadWarm: [],
    loadCold: [],
  };
  for (const [i, point] of points.entries()) {
    const now = noSamples();
    await samplePoint(engine, point, now, directory, FIRST_SALT + 2 * i);
    const { cached, tokens } = point;
    const expected: EngineDrift = {
      prefill: prefill.baseSeconds.value + prefill.secondsPerToken.value * tokens +
        prefill.secondsPerPair.value * tokens * (cached + tokens),
      decode: profile.decodeSecondsPerToken.value,
      save: law(profile.save, now.stateBytes),
      loadWarm: law(profile.loadWarm, now.stateBytes),
      loadCold: law(profile.loadCold, now.stateBytes),
    };
    for (const key of Object.keys(ratios) as (keyof EngineDrift)[]) {
      if (expected[key] > 0) ratios[key].push(median(now[key]) / expected[key]);
    }
  }
  const drift = (key: keyof EngineDrift) => ratios[key].length === 0 ? 1 : median(ratios[key]);
  return {
    prefill: drift("prefill"),
    decode: drift("decode"),
    save: drift("save"),
    loadWarm: drift("loadWarm"),
    loadCold: drift("loadCold"),
  };
}

/** The profile with every law, and both ends of its interval, times its drift. */
export function driftedEngine(profile: EngineProfile, drift: EngineDrift): EngineProfile {
  const by = (factor: number) => (q: Quantity): Quantity => {
    const { low, high } = q as { low?: number; high?: number };
    return {
      ...q,
      value: q.value * factor,
      ...(low === undefined ? {} : { low: low * factor }),
      ...(high === undefined ? {} : { high: high * factor }),
    } as Quantity;
  };
  const byteLaw = (l: EngineProfile["save"], factor: number) => ({
    baseSeconds: by(factor)(l.baseSeconds),
    secondsPerByte: by(factor)(l.secondsPerByte),
  });
  const prefill = by(drift.prefill);
  return {
    ...profile,
    prefill: {
      baseSeconds: prefill(profile.prefill.baseSeconds),
      secondsPerToken: prefill(profile.prefill.secondsPerToken),
      secondsPerPair: prefill(profile.prefill.secondsPerPair),
    },
    decodeSecondsPerToken: by(drift.decode)(profile.decodeSecondsPerToken),
    save: byteLaw(profile.save, drift.save),
    loadWarm: byteLaw(profile.loadWarm, drift.loadWarm),
    loadCold: byteLaw(profile.loadCold, drift.loadCold),
  };
}
