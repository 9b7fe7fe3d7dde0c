import type { Tensors } from "../recorded.ts";

/**
 * Live bytes between the times at which anything starts or ends, as a plan takes tensors out. A tensor away from
 * `from` to `to` counts as gone only in slots that lie wholly within: never too optimistic.
 */
export interface Residency {
  /** Start of each slot; the last slot has no end. */
  readonly at: Float64Array;
  readonly bytes: Float64Array;
  /** Fullest slot; -1 when there is none. */
  peakSlot(): number;
  slotOf(seconds: number): number;
  /** Takes bytes out of the slots within `from..to`; returns how many slots that are. */
  takeOut(from: number, to: number, bytes: number): number;
  /** Seconds within `from..to` during which the residency exceeds the limit. */
  secondsAbove(from: number, to: number, limitBytes: number): number;
}

export function createResidency(tensors: Tensors): Residency {
  const times = new Set<number>();
  for (let i = 0; i < tensors.count; i++) {
    times.add(tensors.start[i]);
    if (Number.isFinite(tensors.end[i])) times.add(tensors.end[i]);
  }
  const at = Float64Array.from(times).sort();
  const bytes = new Float64Array(at.length);
  const slotOf = (seconds: number): number => {
    let [low, high] = [0, at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle] >= seconds) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  for (let i = 0; i < tensors.count; i++) {
    const to = Number.isFinite(tensors.end[i]) ? slotOf(tensors.end[i]) : at.length;
    for (let k = slotOf(tensors.start[i]); k < to; k++) bytes[k] += tensors.bytes[i];
  }
  const endOf = (slot: number) => slot + 1 < at.length ? at[slot + 1] : Infinity;
  return {
    at,
    bytes,
    slotOf,
    peakSlot() {
      let peak = -1;
      for (let k = 0; k < bytes.length; k++) if (peak < 0 || bytes[k] > bytes[peak]) peak = k;
      return peak;
    },
    takeOut(from, to, amount) {
      let slots = 0;
      for (let k = slotOf(from); k < at.length && endOf(k) <= to; k++) {
        bytes[k] -= amount;
        slots++;
      }
      return slots;
    },
    secondsAbove(from, to, limitBytes) {
      let seconds = 0;
      for (let k = slotOf(from); k < at.length && endOf(k) <= to; k++) {
        if (bytes[k] > limitBytes) seconds += endOf(k) - at[k];
      }
      return seconds;
    },
  };
}
