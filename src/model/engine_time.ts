import type { EngineProfile } from "./profiles/engine.ts";
import type { Quantity } from "./profiles/quantity.ts";

/** Which end of every coefficient's interval to take: `low` gives the shortest times. */
export type Side = "low" | "mid" | "high";

function at(quantity: Quantity, side: Side): number {
  if (side === "mid") return quantity.value;
  const { low, high } = quantity as { low?: number; high?: number };
  return (side === "low" ? low : high) ?? quantity.value;
}

/** The times of a single-slot engine, in seconds; every method is a closed form of the profile's laws. */
export interface EngineTime {
  /** Evaluating `tokens` after `cached` ones, and sampling once. */
  prefill(cached: number, tokens: number): number;
  /** Decoding `tokens` more. */
  decode(tokens: number): number;
  save(bytes: number): number;
  load(bytes: number): number;
  /** Bytes of a saved state of so many tokens; exact. */
  stateBytes(tokens: number): number;
}

/**
 * When the last of some bytes passes a limiter that hands its rate out in slices, as Linux's blk-throttle
 * does (blk-throttle.c, tg_within_bps_limit: what is allowed is rate times the elapsed time rounded up to
 * slices, so the first slice's bytes pass at once). Without slices: bytes over rate.
 */
export function limitedSeconds(bytes: number, rate: number, sliceSeconds: number): number {
  if (sliceSeconds === 0) return bytes / rate;
  return Math.max(0, Math.ceil(bytes / (rate * sliceSeconds)) - 1) * sliceSeconds;
}

/**
 * @param readBytesPerSecond A limit on the drive's reads; null: the drive's own speed. Limited, a load is
 * the engine's own share plus what the limiter takes, and never faster than the drive.
 * @param sliceSeconds The limiter's slice; 0 for a drive that simply is so slow.
 */
export function engineTime(
  engine: EngineProfile,
  readBytesPerSecond: number | null,
  side: Side = "mid",
  sliceSeconds = 0,
): EngineTime {
  const { prefill, save, loadWarm, loadCold } = engine;
  const law = (l: typeof save, bytes: number) =>
    Math.max(0, at(l.baseSeconds, side) + at(l.secondsPerByte, side) * bytes);
  return {
    prefill: (cached, tokens) =>
      Math.max(
        0,
        at(prefill.baseSeconds, side) + at(prefill.secondsPerToken, side) * tokens +
          at(prefill.secondsPerPair, side) * tokens * (cached + tokens),
      ),
    decode: (tokens) => tokens * at(engine.decodeSecondsPerToken, side),
    save: (bytes) => law(save, bytes),
    load: (bytes) => {
      const cold = law(loadCold, bytes);
      return readBytesPerSecond === null ? cold : Math.max(
        cold,
        law(loadWarm, bytes) + limitedSeconds(bytes, readBytesPerSecond, sliceSeconds),
      );
    },
    stateBytes: (tokens) => engine.stateHeaderBytes + tokens * engine.stateBytesPerToken,
  };
}

/**
 * The read bandwidth at which loading a state of `tokens` takes as long as evaluating them, bytes a second;
 * null when loading never pays, however fast the drive.
 */
export function crossoverBandwidth(engine: EngineProfile, tokens: number): number | null {
  const time = engineTime(engine, null);
  const bytes = time.stateBytes(tokens);
  const warm = engine.loadWarm.baseSeconds.value + engine.loadWarm.secondsPerByte.value * bytes;
  const left = time.prefill(0, tokens) - warm;
  return left <= 0 ? null : bytes / left;
}

/**
 * Whether loading a saved state of `savedTokens` and evaluating the rest of a prompt is faster than
 * evaluating all of it: the break-even of Mooncake (FAST 2025) section 5.2, turn by turn.
 */
export function loadingIsFaster(
  savedTokens: number,
  promptTokens: number,
  time: EngineTime,
): boolean {
  const load = time.load(time.stateBytes(savedTokens)) +
    time.prefill(savedTokens, promptTokens - savedTokens);
  return load < time.prefill(0, promptTokens);
}
