/** Who pays for shared power and shared batches; every split sums to its total. */

/**
 * Node power from its parts (section 7.7): idle power of the node, which already holds the idle power
 * of its GPUs, and what each busy GPU draws above its own idle.
 */
export function nodeWatts(
  nodeIdleWatts: number,
  gpuIdleWatts: number,
  busyGpuWatts: readonly number[],
): number {
  return busyGpuWatts.reduce((sum, w) => sum + (w - gpuIdleWatts), nodeIdleWatts);
}

export interface IdleAttribution {
  /** What the GPU sensors of the job show. */
  readonly gpuSensorJoules: number;
  /** Above idle only. */
  readonly marginalJoules: number;
  /** Idle by reserved GPUs, and the job's own dynamic energy (F20): the one to use. */
  readonly reservedJoules: number;
  /** As if the job had the whole node. */
  readonly exclusiveJoules: number;
  /** Idle of the GPUs that others (or nobody) hold. */
  readonly restJoules: number;
  /** Share of the node's energy that the GPU sensors of the job never show. */
  readonly unseenRatio: number;
}

/** Idle power split by reservation (F20, E17). */
export function attributeIdle(input: {
  readonly nodeIdleWatts: number;
  readonly gpuIdleWatts: number;
  readonly gpusInNode: number;
  readonly gpuWatts: readonly number[];
  readonly seconds: number;
}): IdleAttribution {
  const held = input.gpuWatts.length;
  const sensor = input.gpuWatts.reduce((a, b) => a + b, 0) * input.seconds;
  const marginal = sensor - held * input.gpuIdleWatts * input.seconds;
  const idle = input.nodeIdleWatts * input.seconds;
  const exclusive = idle + marginal;
  return {
    gpuSensorJoules: sensor,
    marginalJoules: marginal,
    reservedJoules: idle * held / input.gpusInNode + marginal,
    exclusiveJoules: exclusive,
    restJoules: idle * (input.gpusInNode - held) / input.gpusInNode,
    unseenRatio: exclusive > 0 ? (exclusive - sensor) / exclusive : 0,
  };
}

/**
 * Splits a total in proportion to weights so that the parts add up to it exactly as far as floats
 * allow (the largest part takes the rounding). Equal shares when every weight is 0.
 *
 * @throws {RangeError} when a weight is negative or no number.
 */
export function splitByWeight(total: number, weights: ArrayLike<number>): Float64Array {
  const parts = new Float64Array(weights.length);
  if (weights.length === 0) return parts;
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0)) throw new RangeError(`weight ${i} is ${weights[i]}, expected >= 0`);
    sum += weights[i];
    if (weights[i] > weights[largest]) largest = i;
  }
  let given = 0;
  for (let i = 0; i < weights.length; i++) {
    parts[i] = sum > 0 ? total * (weights[i] / sum) : total / weights.length;
    given += parts[i];
  }
  parts[largest] += total - given;
  return parts;
}

export interface TokenWork {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Energy of a batch split over its requests by token work: never the whole to each.
 *
 * @param outputWeight Work of a generated token against one of prefill, by time or FLOP; 1 by default.
 */
export function attributeBatch(
  joules: number,
  requests: readonly TokenWork[],
  outputWeight = 1,
): Float64Array {
  return splitByWeight(
    joules,
    requests.map((r) => r.inputTokens + outputWeight * r.outputTokens),
  );
}

/**
 * Embodied carbon as reserved and as the fleet carries it: the unused hours of a fleet belong to
 * somebody, so the fleet view divides by the utilisation.
 */
export function reservedAndFleet(
  reservedGrams: number,
  utilisation: number,
): { reserved: number; fleet: number } {
  return { reserved: reservedGrams, fleet: reservedGrams / utilisation };
}
