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
