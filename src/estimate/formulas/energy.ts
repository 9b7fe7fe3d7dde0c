/** Samples of power: seconds and watts, in any order; equal times keep the last one given. */
export interface PowerSamples {
  readonly seconds: ArrayLike<number>;
  readonly watts: ArrayLike<number>;
}

export interface EnergyWindow {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface SampledEnergy {
  /** Energy of the covered part; null when nothing is covered: unknown, not 0. */
  readonly joules: number | null;
  readonly coveredSeconds: number;
  readonly uncoveredSeconds: number;
  /** Covered share of the window, 0 to 1; 0 for an empty window. */
  readonly coverageRatio: number;
  readonly reason: string | null;
}

/** Known samples by time; a NaN reading is missing and is left out, so that it widens a gap. */
function ordered(samples: PowerSamples): { t: number[]; p: number[] } {
  const order: number[] = [];
  for (let i = 0; i < samples.seconds.length; i++) {
    if (Number.isFinite(samples.seconds[i]) && Number.isFinite(samples.watts[i])) order.push(i);
  }
  order.sort((a, b) => samples.seconds[a] - samples.seconds[b] || a - b);
  const t: number[] = [];
  const p: number[] = [];
  for (const i of order) {
    if (t.length > 0 && t[t.length - 1] === samples.seconds[i]) {
      p[p.length - 1] = samples.watts[i];
    } else {
      t.push(samples.seconds[i]);
      p.push(samples.watts[i]);
    }
  }
  return { t, p };
}

/**
 * Energy under power samples by the trapezoid rule (F1), with the power interpolated at both edges of
 * the window. An interval longer than `maxGapSeconds` is not bridged: it counts as uncovered, as does
 * the part of the window before the first and after the last sample.
 *
 * The samples must not be compressed: a collector that drops repeats must emit the last sample of each
 * run of equal values, or the integral sees ramps that never happened (E2).
 *
 * @param window Defaults to the first and the last sample.
 * @example
 * ```ts
 * trapezoidEnergy({ seconds: [0, 1, 2], watts: [60, 60, 300] }).joules; // 240
 * ```
 */
export function trapezoidEnergy(
  samples: PowerSamples,
  options: { maxGapSeconds?: number; window?: EnergyWindow } = {},
): SampledEnergy {
  const { t, p } = ordered(samples);
  const maxGap = options.maxGapSeconds ?? Infinity;
  const start = options.window?.startSeconds ?? t[0] ?? 0;
  const end = options.window?.endSeconds ?? t[t.length - 1] ?? 0;
  let joules = 0;
  let covered = 0;
  for (let i = 1; i < t.length; i++) {
    const span = t[i] - t[i - 1];
    const from = Math.max(start, t[i - 1]);
    const to = Math.min(end, t[i]);
    if (to <= from || span > maxGap) continue;
    const slope = (p[i] - p[i - 1]) / span;
    const atFrom = p[i - 1] + slope * (from - t[i - 1]);
    const atTo = p[i - 1] + slope * (to - t[i - 1]);
    joules += (to - from) * (atFrom + atTo) / 2;
    covered += to - from;
  }
  const length = Math.max(0, end - start);
  const reason = covered > 0
    ? null
    : t.length < 2
    ? `energy needs two samples of power, there ${t.length === 1 ? "is 1" : `are ${t.length}`}`
    : "no interval between samples lies in the window and is short enough to integrate";
  return {
    joules: covered > 0 ? joules : null,
    coveredSeconds: covered,
    uncoveredSeconds: length - covered,
    coverageRatio: length > 0 ? covered / length : 0,
    reason,
  };
}

/**
 * Energy when every sample holds until the next one: right for series that were compressed to their
 * changes and for block averages stamped at their start.
 */
export function stepHoldEnergy(samples: PowerSamples): number {
  const { t, p } = ordered(samples);
  let joules = 0;
  for (let i = 1; i < t.length; i++) joules += (t[i] - t[i - 1]) * p[i - 1];
  return joules;
}

export interface CounterDelta {
  /** Growth in the counter's own unit. */
  readonly delta: number;
  /** How many times the counter fell without wrapping (driver reload): a segment starts anew at 0. */
  readonly resets: number;
  readonly wraps: number;
}

/**
 * Growth of a cumulative counter over its readings, in time order (F2). A fall is a wrap when `maximum`
 * (the counter's range, `max_energy_range_uj`) is given, else a reset: the segment starts again from 0
 * and contributes what it shows; never a negative and never an absolute value. NaN readings are skipped.
 *
 * @throws {RangeError} when a reading is negative or above `maximum`.
 */
export function counterDelta(readings: ArrayLike<number>, maximum?: number): CounterDelta {
  let delta = 0;
  let resets = 0;
  let wraps = 0;
  let before: number | null = null;
  for (let i = 0; i < readings.length; i++) {
    const now = readings[i];
    if (Number.isNaN(now)) continue;
    if (now < 0 || (maximum !== undefined && now > maximum)) {
      throw new RangeError(`counter reading ${now} lies outside 0..${maximum ?? "2^53"}`);
    }
    if (before !== null) {
      if (now >= before) delta += now - before;
      else if (maximum !== undefined) {
        delta += maximum - before + now;
        wraps++;
      } else {
        delta += now;
        resets++;
      }
    }
    before = now;
  }
  return { delta, resets, wraps };
}

/** NVML and DCGM `total_energy_consumption` (mJ) as joules. */
export function nvmlEnergy(
  millijoules: ArrayLike<number>,
): { joules: number; counterReset: boolean } {
  const { delta, resets } = counterDelta(millijoules);
  return { joules: delta / 1000, counterReset: resets > 0 };
}

/** RAPL `energy_uj` (µJ, wrapping at `maxEnergyRangeUj`) as joules. */
export function raplEnergy(microjoules: ArrayLike<number>, maxEnergyRangeUj: number): number {
  return counterDelta(microjoules, maxEnergyRangeUj).delta / 1e6;
}

/**
 * Disagreement of a counter and an integral over the same window, as a share of the counter; above 5 %
 * a report must warn (the sensor samples a part of the time only).
 */
export function counterDisagreement(counterJoules: number, integralJoules: number): number {
  return Math.abs(counterJoules - integralJoules) / counterJoules;
}
