/** Suffixes of pcm's numbers: powers of 1000. */
const SUFFIX: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** `513 K`, `34 M`, `2578`, `0`; null for anything else. */
export function count(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * SUFFIX[match[2]];
}

/** Name of a column as a field. */
export const fieldOf = (name: string) => name.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_");
