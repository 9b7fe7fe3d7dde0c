/** A seeded stream of random numbers: the same seed gives the same numbers on every runtime. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of it random. */
  float(): number;
  /** Uniform integer in 0..bound-1. */
  integer(bound: number): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
}

/**
 * xoshiro128** (Blackman, Vigna 2018), its state filled by splitmix32 from the seed.
 *
 * @example
 * ```ts
 * createRandom(1).integer(6) === createRandom(1).integer(6); // true
 * ```
 */
export function createRandom(seed: number): Random {
  let mix = seed | 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) | 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
  const float = (): number => next() / 2 ** 32;
  return {
    float,
    integer: (bound) => Math.floor(float() * bound),
    exponential: (mean) => -mean * Math.log(1 - float()),
    normal: () => Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float()),
  };
}
