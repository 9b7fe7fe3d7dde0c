/** Where iterations begin and end on the axis of useful seconds. */
export interface Iterations {
  /** Useful seconds of the first `n` iterations. */
  endOf(n: number): number;
  /** Whole iterations within so many useful seconds. */
  within(work: number): number;
}

/** Work this close to an iteration's end has reached it: sums of times round. */
const SLACK = 1e-9;

/**
 * Iterations of one length, or recorded ones that repeat when the job is longer than the recording.
 *
 * @param step Seconds of an iteration.
 * @param ends Ends of the recorded iterations, ascending; the last is the recording's length.
 */
export function createIterations(step: number, ends?: ArrayLike<number>): Iterations {
  if (ends === undefined || ends.length === 0) {
    return { endOf: (n) => n * step, within: (work) => Math.floor(work / step + SLACK) };
  }
  const count = ends.length;
  const period = ends[count - 1];
  return {
    endOf: (n) => Math.floor(n / count) * period + (n % count === 0 ? 0 : ends[n % count - 1]),
    within(work) {
      const rounds = Math.floor(work / period + SLACK);
      const rest = work - rounds * period + SLACK * period;
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle] <= rest) low = middle + 1;
        else high = middle;
      }
      return rounds * count + low;
    },
  };
}
