/** Words in front of anything concluded from a replay that does not describe the engine it was recorded from. */
export const DO_NOT_RELY = "DO NOT RELY ON THIS:";

/** The first of some sentences that says so, null when none does. */
export function doubtAmong(sentences: readonly string[]): string | null {
  return sentences.find((sentence) => sentence.startsWith(DO_NOT_RELY)) ?? null;
}
