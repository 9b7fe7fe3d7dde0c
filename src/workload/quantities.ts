import type { MeasuredQuantity } from "../model/prediction.ts";
import type { WorkloadResult } from "./workload.ts";

/** A number over its repeats: the median with the smallest and the largest. @throws {RangeError} without any. */
export function quantityOf(values: readonly number[]): MeasuredQuantity {
  if (values.length === 0) throw new RangeError("a quantity needs a repeat");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const value = sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
  return { value, low: sorted[0], high: sorted.at(-1)!, repeats: values.length };
}

/** One phase out of the seconds of its operations. */
export function phaseOf(
  name: string,
  seconds: readonly number[],
  bytesRead = 0,
  bytesWritten = 0,
): WorkloadResult["phases"][number] {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (q: number): number | null =>
    sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  return {
    name,
    seconds: sorted.reduce((a, b) => a + b, 0),
    bytesRead,
    bytesWritten,
    operations: sorted.length,
    p50Seconds: at(0.5),
    p99Seconds: at(0.99),
  };
}
