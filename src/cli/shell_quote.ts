/**
 * A word as a POSIX shell reads it back unchanged, quoted only where it must be.
 *
 * @example
 * ```ts
 * shellQuote("Spillway demo"); // "'Spillway demo'"
 * ```
 */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that can be pasted into a shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
