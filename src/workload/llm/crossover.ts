/** A measured point: reading the state at this rate took this long. */
export interface RatePoint {
  readonly bytesPerSecond: number;
  readonly seconds: number;
}

/**
 * The read bandwidth at which reloading takes as long as recomputing, from measured points: linear in
 * 1/bandwidth between the two neighbours (time is bytes / bandwidth + a constant).
 *
 * @returns null when the points do not enclose the recompute time.
 */
export function measuredCrossover(
  points: readonly RatePoint[],
  recomputeSeconds: number,
): number | null {
  const sorted = [...points].sort((a, b) => a.bytesPerSecond - b.bytesPerSecond);
  for (let i = 1; i < sorted.length; i++) {
    const [slow, fast] = [sorted[i - 1], sorted[i]];
    if (slow.seconds < recomputeSeconds || fast.seconds > recomputeSeconds) continue;
    const share = slow.seconds === fast.seconds
      ? 0
      : (slow.seconds - recomputeSeconds) / (slow.seconds - fast.seconds);
    const inverse = 1 / slow.bytesPerSecond +
      share * (1 / fast.bytesPerSecond - 1 / slow.bytesPerSecond);
    return 1 / inverse;
  }
  return null;
}

/** How far beyond its end a sweep goes on. */
const WIDENING = 1.4;

/** The next bandwidth of a sweep that does not enclose the recompute time yet; null when it does. */
export function rateBeyond(points: readonly RatePoint[], recomputeSeconds: number): number | null {
  const times = points.map((p) => p.seconds);
  const rates = points.map((p) => p.bytesPerSecond);
  if (Math.min(...times) >= recomputeSeconds) return Math.max(...rates) * WIDENING;
  if (Math.max(...times) <= recomputeSeconds) return Math.min(...rates) / WIDENING;
  return null;
}
