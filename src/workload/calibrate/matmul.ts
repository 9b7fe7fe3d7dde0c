import { type Measurement, summarise } from "./measurement.ts";

const SIZE = 256;

/**
 * Throughput of a matrix product on one thread, in 32-bit floating point and by our own loop: what scripts
 * reach, a lower bound of what tuned kernels do (`calibrate --engine` measures those). A multiply-add counts 2.
 *
 * @param now A clock in milliseconds.
 */
export function measureMatmul(repeats: number, now: () => number): Measurement {
  const a = new Float32Array(SIZE * SIZE).map((_, i) => (i % 7) - 3);
  const b = new Float32Array(SIZE * SIZE).map((_, i) => (i % 5) - 2);
  const c = new Float32Array(SIZE * SIZE);
  const values: number[] = [];
  // The first rounds run before the compiler is done with the loop.
  for (let i = -2; i < repeats; i++) {
    const started = now();
    multiply(a, b, c);
    if (i >= 0) values.push(2 * SIZE ** 3 / ((now() - started) / 1000));
  }
  // A result that is used cannot be left out by the compiler.
  const method = `${SIZE} x ${SIZE} product, 32-bit floats, one thread, our own loop` +
    (c[0] === 0.5 ? "" : ", a lower bound");
  return summarise("matmul_flops", "perSecond", values, method);
}

/** C = A * B, rows of B streamed, so that the innermost loop runs over consecutive numbers. */
function multiply(a: Float32Array, b: Float32Array, c: Float32Array): void {
  c.fill(0);
  for (let i = 0; i < SIZE; i++) {
    for (let k = 0; k < SIZE; k++) {
      const x = a[i * SIZE + k];
      const from = k * SIZE;
      const to = i * SIZE;
      for (let j = 0; j < SIZE; j++) c[to + j] += x * b[from + j];
    }
  }
}
