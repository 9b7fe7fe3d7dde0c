import { resultLabels } from "./result_labels.ts";
import type { PolicyResult } from "./results.ts";

/** Results that a note names before itself; of more it is said as it is. */
const MOST_NAMED = 3;

/**
 * Every note of some results once. One that only some of the policies have names those before itself, unless
 * it does so already: by the policy where all results of it have the note, else by the result's label.
 */
export function attributedNotes(results: readonly PolicyResult[]): string[] {
  const labels = resultLabels(results);
  const policies = new Set(results.map((r) => r.policy)).size;
  const notes = [...new Set(results.flatMap((r) => r.notes ?? []))];
  return notes.map((note) => {
    const has = (r: PolicyResult) => r.notes?.includes(note) ?? false;
    const names = new Set(results.flatMap((r, i) => {
      if (!has(r)) return [];
      const all = results.filter((twin) => twin.policy === r.policy).every(has);
      return [all ? r.policy : labels[i]];
    }));
    const named = results.some((r) => note.startsWith(`${r.policy}:`));
    const having = new Set(results.filter(has).map((r) => r.policy)).size;
    return having === policies || names.size > MOST_NAMED || named
      ? note
      : `${[...names].join(", ")}: ${note}`;
  });
}
