/** Tokens of a prompt: ordinary ones, another sequence for each salt, so that no prefix is ever shared. */
export function promptOf(length: number, salt: number): number[] {
  return Array.from({ length }, (_, i) => 300 + (i * 7919 + salt * 104_729) % 9000);
}
