import type { Quantity } from "../../model/profiles/hardware.ts";

/** One measured number: the median over repeats, with the smallest and the largest. */
export interface Measurement {
  readonly id: string;
  readonly unit: "bytesPerSecond" | "perSecond" | "seconds" | "ratio";
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly repeats: number;
  /** How it was measured, with the tool's version and its settings. */
  readonly method: string;
}

/** Summarises repeats. @throws {RangeError} without any. */
export function summarise(
  id: string,
  unit: Measurement["unit"],
  values: readonly number[],
  method: string,
): Measurement {
  if (values.length === 0) throw new RangeError(`${id}: no repeat was measured`);
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const value = sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
  return { id, unit, value, low: sorted[0], high: sorted.at(-1)!, repeats: values.length, method };
}

/** A measurement as a profile holds it. `asOf` is the day, ISO 8601. */
export function toQuantity(m: Measurement, asOf: string): Quantity {
  return {
    value: m.value,
    low: m.low,
    high: m.high,
    evidence: "measured",
    source: `${m.method}, median of ${m.repeats}`,
    asOf,
  };
}
