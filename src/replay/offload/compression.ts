/**
 * Bytes of a KV cache quantised as KIVI does (ICML 2024): `(N-R)*e*(bits/8 + 2*2/G) + R*e*2`, where e is
 * the number of elements a token has, groups of G share a 16-bit scale and a 16-bit zero, and the last R
 * tokens stay in 16 bits.
 */
export function kiviBytes(
  tokens: number,
  elementsPerToken: number,
  options: { bits: number; group: number; residual: number },
): number {
  const residual = Math.min(tokens, options.residual);
  return (tokens - residual) * elementsPerToken * (options.bits / 8 + 4 / options.group) +
    residual * elementsPerToken * 2;
}

/** KIVI's ratio for long contexts: `16 / (bits + 32/G)`, 5.33 for 2 bits in groups of 32, not 8. */
export function kiviAsymptote(bits: number, group: number): number {
  return 16 / (bits + 32 / group);
}
