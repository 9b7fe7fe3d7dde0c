import type { SampleColumns, SampleSeries } from "../model/trace/samples.ts";

/** What one series did over a run, gathered in one pass. Times are nanoseconds from the run's start. */
export interface SeriesTotal {
  /** Known readings. */
  readonly count: number;
  /** Readings that were missing, and the reason of the last one. */
  readonly missing: number;
  readonly missingReason: string | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly firstTimeNs: number;
  readonly lastTimeNs: number;
  readonly min: number | null;
  readonly max: number | null;
  /**
   * Counters: what was counted between the first and the last reading. A counter that falls was reset:
   * counting goes on from the new value, so that no interval ever counts negative.
   */
  readonly increase: number;
  readonly resets: number;
  /** Gauges: value times seconds by the trapezoid rule, over intervals no longer than the gap without a missing reading. */
  readonly integral: number;
  readonly coveredSeconds: number;
}

/** Totals of all series of a run, in memory bounded by the number of series. */
export interface SeriesTotals {
  add(batch: SampleColumns): void;
  /** @param reasons The dictionary that the batches index; whole only after the last batch. */
  total(series: number, reasons: readonly string[]): SeriesTotal;
}

/**
 * Gathers totals in one pass over the batches.
 *
 * @param maxGapNs Longest time between two readings of a gauge that its integral bridges.
 */
export function createSeriesTotals(
  series: readonly SampleSeries[],
  maxGapNs: number,
): SeriesTotals {
  const n = series.length;
  const isCounter = Uint8Array.from(series, (s) => s.type === "counter" ? 1 : 0);
  const count = new Float64Array(n);
  const missing = new Float64Array(n);
  const missingReason = new Int32Array(n).fill(-1);
  const first = new Float64Array(n).fill(NaN);
  const last = new Float64Array(n).fill(NaN);
  const firstTime = new Float64Array(n);
  const lastTime = new Float64Array(n);
  const min = new Float64Array(n).fill(Infinity);
  const max = new Float64Array(n).fill(-Infinity);
  const increase = new Float64Array(n);
  const resets = new Float64Array(n);
  const integral = new Float64Array(n);
  const broken = new Uint8Array(n);
  const covered = new Float64Array(n);
  return {
    add: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const id = batch.series[i];
        const value = batch.value[i];
        const time = batch.timeNs[i];
        if (Number.isNaN(value)) {
          missing[id]++;
          broken[id] = 1;
          missingReason[id] = batch.reason[i];
          continue;
        }
        if (count[id] === 0) {
          first[id] = value;
          firstTime[id] = time;
        } else if (isCounter[id] === 1) {
          const step = value - last[id];
          if (step < 0) resets[id]++;
          increase[id] += step < 0 ? value : step;
        } else {
          const span = time - lastTime[id];
          // A reading that says it is unknown ends what went before: nothing is known of the time to the next.
          if (span > 0 && span <= maxGapNs && broken[id] === 0) {
            integral[id] += (span / 1e9) * (value + last[id]) / 2;
            covered[id] += span / 1e9;
          }
        }
        count[id]++;
        broken[id] = 0;
        last[id] = value;
        lastTime[id] = time;
        if (value < min[id]) min[id] = value;
        if (value > max[id]) max[id] = value;
      }
    },
    total: (id, reasons) => ({
      count: count[id],
      missing: missing[id],
      missingReason: missing[id] === 0 ? null : reasons[missingReason[id]] ?? "not reported",
      first: count[id] === 0 ? null : first[id],
      last: count[id] === 0 ? null : last[id],
      firstTimeNs: firstTime[id],
      lastTimeNs: lastTime[id],
      min: count[id] === 0 ? null : min[id],
      max: count[id] === 0 ? null : max[id],
      increase: increase[id],
      resets: resets[id],
      integral: integral[id],
      coveredSeconds: covered[id],
    }),
  };
}
