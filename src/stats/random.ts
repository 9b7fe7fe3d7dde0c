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
  /** Weibull with the given scale (63rd percentile) and shape; shape 1 is exponential. */
  weibull(scale: number, shape: number): number;
  /** Log-normal: the exponential of a normal with mean `mu` and standard deviation `sigma`. */
  lognormal(mu: number, sigma: number): number;
  /** Poisson with the given mean. */
  poisson(mean: number): number;
  /** An independent stream that depends on the seed and `index` only, not on what was drawn so far. */
  split(index: number): Random;
}

/** Knuth's product method below this mean; above it a sum of independent halves. */
const POISSON_DIRECT = 30;

function poisson(mean: number, float: () => number): number {
  if (!(mean > 0)) return 0;
  let rest = mean;
  let count = 0;
  while (rest > 0) {
    const limit = Math.exp(-Math.min(rest, POISSON_DIRECT));
    for (let product = float(); product > limit; product *= float()) count++;
    rest -= POISSON_DIRECT;
  }
  return count;
}

/** Mixes a seed and a stream number into another seed (murmur3 finalizer over both). */
function mixSeed(seed: number, index: number): number {
  let h = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca77);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
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
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float());
  return {
    float,
    integer: (bound) => Math.floor(float() * bound),
    exponential: (mean) => -mean * Math.log(1 - float()),
    normal,
    weibull: (scale, shape) => scale * (-Math.log(1 - float())) ** (1 / shape),
    lognormal: (mu, sigma) => Math.exp(mu + sigma * normal()),
    poisson: (mean) => poisson(mean, float),
    split: (index) => createRandom(mixSeed(seed, index)),
  };
}
