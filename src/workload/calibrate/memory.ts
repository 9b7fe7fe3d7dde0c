import { type Measurement, summarise } from "./measurement.ts";

const BUFFER_BYTES = 256 * 2 ** 20;

/**
 * DRAM copy bandwidth of one thread: bytes copied a second between two buffers larger than any cache. Each
 * byte copied is read once and written once; only the copy is counted, as memcpy benchmarks do.
 *
 * @param now A clock in milliseconds.
 */
export function measureMemoryCopy(repeats: number, now: () => number): Measurement {
  const source = new Float64Array(BUFFER_BYTES / 8).fill(1);
  const target = new Float64Array(BUFFER_BYTES / 8);
  target.set(source);
  const values: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const started = now();
    target.set(source);
    values.push(BUFFER_BYTES / ((now() - started) / 1000));
  }
  return summarise(
    "dram_copy_bytes_per_second",
    "bytesPerSecond",
    values,
    `copy of ${BUFFER_BYTES / 2 ** 20} MiB between two buffers, one thread`,
  );
}

/**
 * How still the machine is: the coefficient of variation of a fixed piece of work (integer arithmetic in
 * cache), repeated. Below 0.05 is still; a loaded or throttled machine shows 0.1 and more.
 */
export function measureStillness(repeats: number, now: () => number): number {
  const times: number[] = [];
  let sink = 1;
  for (let i = 0; i < repeats + 3; i++) {
    const started = now();
    for (let j = 0; j < 4_000_000; j++) sink = (Math.imul(sink, 1_103_515_245) + 12_345) | 0;
    // The first rounds run before the compiler is done with the loop.
    if (i >= 3) times.push(now() - started);
  }
  const mean = times.reduce((a, b) => a + b, 0) / times.length;
  const variance = times.reduce((a, t) => a + (t - mean) ** 2, 0) / Math.max(1, times.length - 1);
  return sink === 0.5 ? 0 : Math.sqrt(variance) / mean;
}
