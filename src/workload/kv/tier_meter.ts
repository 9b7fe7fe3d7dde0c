import { phaseOf } from "../quantities.ts";
import type { WorkloadResult } from "../workload.ts";

/** Counts and times one kind of operation that may overlap itself. */
export interface TierMeter {
  /** Times one operation; `bytesRead` or `bytesWritten` of it. */
  time<T>(bytesRead: number, bytesWritten: number, work: () => Promise<T> | T): Promise<T>;
  /** `seconds` is the time during which at least one operation was in flight. */
  end(): WorkloadResult["phases"][number];
}

/** @param now A clock in milliseconds. */
export function createTierMeter(name: string, now: () => number): TierMeter {
  const latencies: number[] = [];
  let bytesRead = 0;
  let bytesWritten = 0;
  let inFlight = 0;
  let since = 0;
  let busyMs = 0;
  return {
    async time(read, written, work) {
      const started = now();
      if (inFlight++ === 0) since = started;
      try {
        return await work();
      } finally {
        const ended = now();
        latencies.push((ended - started) / 1000);
        bytesRead += read;
        bytesWritten += written;
        if (--inFlight === 0) busyMs += ended - since;
      }
    },
    end: () => ({
      ...phaseOf(name, latencies, bytesRead, bytesWritten),
      seconds: busyMs / 1000,
    }),
  };
}
