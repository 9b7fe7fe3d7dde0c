import { join } from "node:path";
import type { EngineProfile } from "../../model/profiles/engine.ts";
import type { Quantity } from "../../model/profiles/quantity.ts";
import type { LlmEngine } from "./engine.ts";
import { fitNonNegative, median } from "./least_squares.ts";
import { dropFileFromPageCache } from "./page_cache.ts";
import { promptOf } from "./prompts.ts";

/** A calibration point: evaluating `tokens` after `cached` ones. */
export interface CalibrationPoint {
  readonly cached: number;
  readonly tokens: number;
}

export interface EngineCalibration {
  readonly profile: EngineProfile;
  /** Largest relative deviation of the points' medians from each law. */
  readonly residuals: Readonly<Record<"prefill" | "save" | "loadWarm" | "loadCold", number>>;
  readonly points: readonly CalibrationPoint[];
  /** False when the page cache could not be dropped: cold loads may have been warm. */
  readonly cold: boolean;
}

export interface CalibrationOptions {
  readonly directory: string;
  readonly model: string;
  readonly engineName: string;
  readonly contextTokens: number;
  readonly threads: number;
  readonly repeats: number;
  /** Day of the measurement, ISO 8601. */
  readonly asOf: string;
  /** Lengths that will be judged: they are never calibrated on. */
  readonly judged: readonly number[];
  readonly progress: (done: number, total: number, what: string) => void;
}

/** Points that spread over a context, none of them a judged length. */
export function calibrationPoints(
  contextTokens: number,
  judged: readonly number[],
): CalibrationPoint[] {
  const share = (f: number) => {
    let tokens = Math.max(16, Math.round(contextTokens * f));
    while (judged.includes(tokens)) tokens += 9;
    return tokens;
  };
  const whole = [0.05, 0.16, 0.4, 0.78].map((f) => ({ cached: 0, tokens: share(f) }));
  const after = ([[0.3, 0.03], [0.3, 0.12], [0.6, 0.03], [0.6, 0.2]] as const)
    .map(([cached, tokens]) => ({ cached: share(cached), tokens: share(tokens) }));
  return [...whole, ...after];
}

/** What was measured at one point, seconds; a number a repeat. */
export interface PointSamples {
  readonly prefill: number[];
  readonly decode: number[];
  readonly save: number[];
  readonly loadWarm: number[];
  readonly loadCold: number[];
  stateTokens: number;
  stateBytes: number;
}

/** The number of tokens decoded at a point to time one of them. */
const DECODED = 6;

/**
 * Measures an engine into time laws. The points are visited in rounds, so that a machine that drifts does so
 * under all of them; a point counts with its median.
 */
export async function calibrateEngine(
  engine: LlmEngine,
  options: CalibrationOptions,
): Promise<EngineCalibration> {
  const points = calibrationPoints(options.contextTokens, options.judged);
  const samples = points.map(noSamples);
  let cold = true;
  let salt = 1000;
  // The first evaluation pays for what no later one does: page faults, thread start.
  await engine.prefill(promptOf(64, salt++));
  for (let round = 0; round < options.repeats; round++) {
    for (const [i, point] of points.entries()) {
      cold = await samplePoint(engine, point, samples[i], options.directory, salt) && cold;
      salt += 2;
      options.progress(round * points.length + i + 1, options.repeats * points.length, "engine");
    }
  }
  return { ...fitEngine(points, samples, options), points, cold };
}

export function noSamples(): PointSamples {
  return {
    prefill: [],
    decode: [],
    save: [],
    loadWarm: [],
    loadCold: [],
    stateTokens: 0,
    stateBytes: 0,
  };
}

/** Measures one point once; false when the page cache could not be dropped. */
export async function samplePoint(
  engine: LlmEngine,
  point: CalibrationPoint,
  into: PointSamples,
  directory: string,
  salt: number,
): Promise<boolean> {
  const state = join(directory, "calibration.state");
  await engine.clear();
  if (point.cached > 0) await engine.prefill(promptOf(point.cached, salt));
  const decoded = await engine.decode(promptOf(point.tokens, salt + 1), DECODED);
  into.prefill.push(decoded.firstSeconds);
  into.decode.push((decoded.seconds - decoded.firstSeconds) / (DECODED - 1));
  const saved = await engine.save(state);
  into.save.push(saved.seconds);
  into.stateTokens = decoded.contextTokens;
  into.stateBytes = saved.bytes;
  await engine.clear();
  const dropped = dropFileFromPageCache(state);
  into.loadCold.push((await engine.restore(state)).seconds);
  await engine.clear();
  into.loadWarm.push((await engine.restore(state)).seconds);
  return dropped;
}

function fitEngine(
  points: readonly CalibrationPoint[],
  samples: readonly PointSamples[],
  options: CalibrationOptions,
): Pick<EngineCalibration, "profile" | "residuals"> {
  const source = `${options.engineName}, ${options.threads} threads, ${points.length} points, ` +
    `median of ${options.repeats}; low and high are the 10th and 90th percentile of measured over law`;
  /** Coefficients with the law's spread over all single measurements. */
  const fit = (features: number[][], pick: (s: PointSamples) => number[]) => {
    const medians = samples.map((s) => median(pick(s)));
    const coefficients = fitNonNegative(features, medians);
    const lawAt = (i: number) => features[i].reduce((t, x, c) => t + x * coefficients[c], 0);
    const ratios = samples.flatMap((s, i) => pick(s).map((y) => y / lawAt(i)))
      .sort((a, b) => a - b);
    const at = (q: number) => ratios[Math.min(ratios.length - 1, Math.floor(q * ratios.length))];
    const [low, high] = [Math.min(1, at(0.1)), Math.max(1, at(0.9))];
    const quantities = coefficients.map((value): Quantity => ({
      value,
      low: value * low,
      high: value * high,
      evidence: "measured",
      source,
      asOf: options.asOf,
    }));
    const residual = Math.max(...medians.map((y, i) => Math.abs(lawAt(i) / y - 1)));
    return { quantities, residual };
  };
  const prefill = fit(
    points.map(({ cached, tokens }) => [1, tokens, tokens * (cached + tokens)]),
    (s) => s.prefill,
  );
  const bytes = samples.map((s) => [1, s.stateBytes]);
  const save = fit(bytes, (s) => s.save);
  const loadWarm = fit(bytes, (s) => s.loadWarm);
  const loadCold = fit(bytes, (s) => s.loadCold);
  const decode = fit(points.map(() => [1]), (s) => s.decode);
  const law = ({ quantities: [baseSeconds, secondsPerByte] }: typeof save) => ({
    baseSeconds,
    secondsPerByte,
  });
  const [baseSeconds, secondsPerToken, secondsPerPair] = prefill.quantities;
  return {
    profile: {
      name: options.engineName,
      model: options.model,
      threads: options.threads,
      contextTokens: options.contextTokens,
      prefill: { baseSeconds, secondsPerToken, secondsPerPair },
      decodeSecondsPerToken: decode.quantities[0],
      ...stateSize(samples),
      save: law(save),
      loadWarm: law(loadWarm),
      loadCold: law(loadCold),
    },
    residuals: {
      prefill: prefill.residual,
      save: save.residual,
      loadWarm: loadWarm.residual,
      loadCold: loadCold.residual,
    },
  };
}

/** A state is a header and equal bytes a token; two sizes give both. */
function stateSize(
  samples: readonly PointSamples[],
): { stateHeaderBytes: number; stateBytesPerToken: number } {
  const sorted = [...samples].sort((a, b) => a.stateTokens - b.stateTokens);
  const [small, large] = [sorted[0], sorted.at(-1)!];
  const perToken = Math.round(
    (large.stateBytes - small.stateBytes) / (large.stateTokens - small.stateTokens),
  );
  return {
    stateHeaderBytes: small.stateBytes - small.stateTokens * perToken,
    stateBytesPerToken: perToken,
  };
}
