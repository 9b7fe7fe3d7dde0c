import { createRandom } from "../../stats/random.ts";

/** A random permutation of `0..count-1` for an epoch; the same seed and epoch give the same. */
export function shuffled(count: number, seed: number, epoch: number): Int32Array {
  const random = createRandom(seed).split(epoch);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** The order in which a shuffle buffer of `window` gives out a stream: each output is drawn from the buffer. */
export function windowed(
  stream: Int32Array,
  window: number,
  seed: number,
  epoch: number,
): Int32Array {
  const random = createRandom(seed).split(1_000_003 + epoch);
  const buffer = Array.from(stream.subarray(0, Math.min(window, stream.length)));
  const order = new Int32Array(stream.length);
  let next = buffer.length;
  for (let i = 0; i < stream.length; i++) {
    const j = random.integer(buffer.length);
    order[i] = buffer[j];
    if (next < stream.length) buffer[j] = stream[next++];
    else {
      buffer[j] = buffer[buffer.length - 1];
      buffer.pop();
    }
  }
  return order;
}

/** The samples of shuffled shards, one shard after the other; `shardOf` ascends with the sample. */
export function shardStream(shardOf: Int32Array, seed: number, epoch: number): Int32Array {
  const shards = shardOf.length === 0 ? 0 : shardOf[shardOf.length - 1] + 1;
  const starts = new Int32Array(shards + 1);
  for (let i = 0; i < shardOf.length; i++) starts[shardOf[i] + 1] = i + 1;
  const stream = new Int32Array(shardOf.length);
  let at = 0;
  for (const shard of shuffled(shards, seed, epoch)) {
    for (let i = starts[shard]; i < starts[shard + 1]; i++) stream[at++] = i;
  }
  return stream;
}
