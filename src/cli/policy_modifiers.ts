import type { z } from "zod";
import { usageError } from "../model/errors.ts";
import { closest } from "./did_you_mean.ts";
import type { AnyPolicy } from "./replay_params.ts";

/** What a word after a policy's name sets: `gemini+spares`. */
export type Modifiers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Splits `gemini + spares` into the policy and its modifiers. */
export function splitModifiers(text: string): { name: string; modifiers: string[] } {
  const [name, ...modifiers] = text.split("+").map((word) => word.trim());
  return { name, modifiers };
}

/**
 * The policy with other defaults of the parameters that its modifiers set.
 *
 * @throws usage error for a modifier that the family does not have.
 */
export function modified(
  policy: AnyPolicy,
  words: readonly string[],
  known: Modifiers,
): AnyPolicy {
  if (words.length === 0) return policy;
  const object = policy.params as unknown as z.ZodObject;
  const fields: Record<string, z.ZodType> = {};
  for (const word of words) {
    const set = known[word];
    if (set === undefined) {
      const near = closest(word, Object.keys(known));
      throw usageError(
        `--policy ${policy.name}+${word}: ${policy.family} has no modifier "${word}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        Object.keys(known).length === 0
          ? "this family combines no policies"
          : `known modifiers: ${Object.keys(known).join(", ")}`,
      );
    }
    for (const [key, value] of Object.entries(set)) {
      const field = object.shape[key] as z.ZodType;
      fields[key] = field.default(value as never).describe(field.description ?? "");
    }
  }
  return { ...policy, params: object.extend(fields) as unknown as AnyPolicy["params"] };
}
