import { counterDelta } from "./energy.ts";

/** Energy between any two times. */
export type EnergyBetween = (fromSeconds: number, toSeconds: number) => number;

/**
 * Energy between any two times by a cumulative counter (F2): linear between two readings, since a counter
 * does not say when within them; nothing before the first and after the last. Resets start a segment
 * again, wraps go on past `maximum`. Splitting a window adds up.
 *
 * @param seconds Times of the readings, ascending.
 * @param readings Readings in joules; NaN is skipped.
 */
export function energyByCounter(
  seconds: ArrayLike<number>,
  readings: ArrayLike<number>,
  maximum?: number,
): EnergyBetween {
  const t: number[] = [];
  const total: number[] = [];
  let before = NaN;
  for (let i = 0; i < readings.length; i++) {
    const now = readings[i];
    if (Number.isNaN(now)) continue;
    const grown = Number.isNaN(before) ? 0 : counterDelta([before, now], maximum).delta;
    total.push((total[total.length - 1] ?? 0) + grown);
    t.push(seconds[i]);
    before = now;
  }
  const until = (at: number): number => {
    if (t.length === 0 || at <= t[0]) return 0;
    if (at >= t[t.length - 1]) return total[total.length - 1];
    let [low, high] = [0, t.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (t[middle] <= at) low = middle;
      else high = middle;
    }
    const span = t[high] - t[low];
    return total[low] + (total[high] - total[low]) * (span > 0 ? (at - t[low]) / span : 1);
  };
  return (from, to) => to > from ? until(to) - until(from) : 0;
}
