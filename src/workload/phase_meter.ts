import type { WorkloadResult } from "./workload.ts";

export type Phase = WorkloadResult["phases"][number];

/** Counts and times the operations of one phase. */
export interface PhaseMeter {
  time<T>(bytesRead: number, bytesWritten: number, work: () => T): T;
  end(): Phase;
}

/** The value at a quantile of sorted numbers (nearest rank), null when there are none. */
function quantile(sorted: Float64Array, q: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

/** @param now A clock in milliseconds. */
export function createPhaseMeter(
  name: string,
  now: () => number = () => performance.now(),
): PhaseMeter {
  const seconds: number[] = [];
  let bytesRead = 0;
  let bytesWritten = 0;
  return {
    time(read, written, work) {
      const started = now();
      const result = work();
      seconds.push((now() - started) / 1000);
      bytesRead += read;
      bytesWritten += written;
      return result;
    },
    end() {
      const sorted = Float64Array.from(seconds).sort();
      return {
        name,
        seconds: seconds.reduce((a, b) => a + b, 0),
        bytesRead,
        bytesWritten,
        operations: seconds.length,
        p50Seconds: quantile(sorted, 0.5),
        p99Seconds: quantile(sorted, 0.99),
      };
    },
  };
}
