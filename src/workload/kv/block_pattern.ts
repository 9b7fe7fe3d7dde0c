/**
 * The content of KV block `id`, so that every byte that comes back can be checked without keeping a copy:
 * 32-bit words of a xorshift stream seeded by the id. Incompressible, so that a compressing drive gains
 * nothing.
 */
export function fillBlock(words: Uint32Array, id: number): void {
  let state = (Math.imul(id + 1, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
}

/** Index of the first word that is not block `id`'s, or -1 when all are. */
export function firstDifference(words: Uint32Array, id: number): number {
  let state = (Math.imul(id + 1, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    if (words[i] !== state >>> 0) return i;
  }
  return -1;
}
