/**
 * A stream of block references with reuse, as serving gives it: runs of consecutive blocks (a prompt's
 * prefix), their start drawn so that few prefixes are popular. Seeded.
 */
export function* generateReferences(
  params: { distinctBlocks: number; references: number; seed: number },
): Generator<number> {
  const { distinctBlocks, references } = params;
  let state = Math.imul(params.seed + 1, 2654435761) >>> 0 || 1;
  const uniform = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  let given = 0;
  while (given < references) {
    // The square favours low numbers: a few prefixes come back often, most once.
    const start = Math.floor(uniform() ** 2 * distinctBlocks);
    const length = 4 + Math.floor(uniform() * 28);
    for (let i = 0; i < length && given < references; i++, given++) {
      yield (start + i) % distinctBlocks;
    }
  }
}
