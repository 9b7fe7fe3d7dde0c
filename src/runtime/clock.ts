import process from "node:process";

/**
 * Nanoseconds of a clock that never steps, as a plain number (exact below 104 days). Its zero differs from
 * process to process: only differences mean anything.
 */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** Wall clock in nanoseconds since 1970, with the resolution the runtime gives (microseconds or better). */
export function wallUnixNs(): bigint {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
  // performance.now() does not follow a stepped wall clock; Date.now() does. Believe it when they part.
  const stepped = Math.abs(microseconds / 1000 - Date.now()) > 20;
  return stepped ? BigInt(Date.now()) * 1_000_000n : BigInt(microseconds) * 1000n;
}
