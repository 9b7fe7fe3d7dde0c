/** A link that carries one transfer at a time: when is it free? Times are seconds. */
export interface Lane {
  /** Earliest start from `from` on at which `seconds` fit. */
  earliest(from: number, seconds: number): number;
  /** Latest start at which `seconds` fit, ended by `until` and not before `from`; NaN when there is none. */
  latest(until: number, seconds: number, from: number): number;
  reserve(start: number, seconds: number): void;
  readonly busySeconds: number;
}

/** Tolerates rounding where two transfers touch. */
const SLACK = 1e-12;

export function createLane(): Lane {
  // Busy ranges in order, never touching into each other.
  const starts: number[] = [];
  const ends: number[] = [];
  let busy = 0;
  /** Index of the first range that ends after `time`. */
  const firstAfter = (time: number): number => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] > time) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    get busySeconds() {
      return busy;
    },
    earliest(from, seconds) {
      let at = from;
      for (let i = firstAfter(from); i < starts.length && starts[i] < at + seconds - SLACK; i++) {
        at = Math.max(at, ends[i]);
      }
      return at;
    },
    latest(until, seconds, from) {
      let end = until;
      for (let i = firstAfter(until); i >= 0; i--) {
        if (i < starts.length && starts[i] < end - SLACK && ends[i] > end - seconds + SLACK) {
          end = starts[i];
        }
        if (end - seconds < from - SLACK) return NaN;
        const before = i - 1;
        if (before < 0 || ends[before] <= end - seconds + SLACK) return end - seconds;
      }
      return end - seconds >= from - SLACK ? end - seconds : NaN;
    },
    reserve(start, seconds) {
      const i = firstAfter(start + SLACK);
      starts.splice(i, 0, start);
      ends.splice(i, 0, start + seconds);
      busy += seconds;
    },
  };
}
