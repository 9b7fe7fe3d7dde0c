import { dataError } from "../../model/errors.ts";
import type { GridScope, GridSeries, GridSignal } from "../../model/grid_series.ts";
import { formatSeconds } from "../../model/units.ts";

/** One reading: where it stood, when it starts, how long it holds when the file says so. */
export interface Reading {
  readonly line: number;
  readonly startSeconds: number;
  readonly durationSeconds: number | null;
  /** NaN where the file leaves the value out. */
  readonly gramsPerKwh: number;
}

/** A step this many times longer than both beside it is a hole in the file, not a change of the step. */
const HOLE_STEPS = 6;

/**
 * How long the reading `i` holds: until the next one starts, the last one as long as the one before it. Over
 * a hole it holds for the step before it; the rest is not known.
 */
function heldSeconds(readings: readonly Reading[], i: number): number {
  const step = (k: number) => readings[k + 1].startSeconds - readings[k].startSeconds;
  if (i + 1 >= readings.length) return i > 0 ? step(i - 1) : 3600;
  if (i === 0 || i + 2 >= readings.length) return step(i);
  const beside = Math.max(step(i - 1), step(i + 1));
  return step(i) > HOLE_STEPS * beside ? step(i - 1) : step(i);
}

/**
 * Makes a series of readings in file order. A reading without a duration holds until the next one
 * starts; the last one as long as the one before it. The steps may change on the way; holes stay uncovered.
 *
 * @param place Names a reading's place: `:12` for line 12, `[3]` for an element.
 * @throws data error for times that repeat or descend and for values out of range.
 */
export function buildSeries(
  input: {
    readonly label: string;
    readonly zone: string;
    readonly format: string;
    readonly signal: GridSignal;
    readonly scope: GridScope;
    readonly readings: readonly Reading[];
    readonly notes?: readonly string[];
  },
  place: (reading: Reading) => string = (r) => `:${r.line}`,
): GridSeries {
  const { label, readings } = input;
  if (readings.length === 0) {
    throw dataError(`${label}: no reading of grid intensity in it`);
  }
  readings.forEach((r, i) => {
    const before = readings[i - 1];
    if (before !== undefined && r.startSeconds <= before.startSeconds) {
      throw dataError(
        `${label}${place(r)}: its time ${
          r.startSeconds === before.startSeconds ? "repeats" : "is before"
        } ` +
          `the one of the reading before it, expected ascending times`,
        "sort the file by time and keep one zone in it, or name the zone",
      );
    }
    if (!Number.isNaN(r.gramsPerKwh) && !(r.gramsPerKwh >= 0 && r.gramsPerKwh <= 1500)) {
      throw dataError(
        `${label}${place(r)}: grid intensity ${r.gramsPerKwh} g/kWh, expected 0 to 1500`,
        "check the unit of the file",
      );
    }
  });
  const kept: { start: number; end: number; grams: number }[] = [];
  const steps = new Map<number, number>();
  const holes: number[] = [];
  readings.forEach((r, i) => {
    const next = readings[i + 1]?.startSeconds;
    const natural = r.durationSeconds ?? heldSeconds(readings, i);
    if (r.durationSeconds === null && next !== undefined && r.startSeconds + natural < next) {
      holes.push(next - r.startSeconds - natural);
    }
    const end = Math.min(r.startSeconds + natural, next ?? Infinity);
    steps.set(natural, (steps.get(natural) ?? 0) + 1);
    if (!Number.isNaN(r.gramsPerKwh)) {
      kept.push({ start: r.startSeconds, end, grams: r.gramsPerKwh });
    }
  });
  const missing = readings.length - kept.length;
  if (kept.length === 0) throw dataError(`${label}: every reading of grid intensity is empty`);
  const common = [...steps].sort((a, b) => b[1] - a[1]).slice(0, 3);
  return {
    zone: input.zone,
    format: input.format,
    signal: input.signal,
    scope: input.scope,
    startSeconds: Float64Array.from(kept, (k) => k.start),
    endSeconds: Float64Array.from(kept, (k) => k.end),
    gramsPerKwh: Float64Array.from(kept, (k) => k.grams),
    notes: [
      ...(input.notes ?? []),
      ...(missing > 0 ? [`${missing} readings have no value and are left uncovered`] : []),
      ...(holes.length > 0
        ? [
          `${holes.length} ${holes.length === 1 ? "hole" : "holes"} of ${
            formatSeconds(holes.reduce((a, b) => a + b, 0))
          } in all are left uncovered`,
        ]
        : []),
      ...(steps.size > 1
        ? [
          "steps vary: " +
          common.map(([s, n]) => `${n} x ${formatSeconds(s)}`).join(", ") +
          (steps.size > 3 ? ", ..." : "") + "; means are weighted by time",
        ]
        : []),
    ],
  };
}
