/** Spellings of "there is no value" of NVIDIA's tools, with what each means. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/^\[?n\/a\]?$/i, "not available on this GPU"],
  [/^\[?not available in wddm/i, "Windows manages the memory (WDDM)"],
  [/^\[?not supported\]?$/i, "not supported on this GPU"],
  [/deprecated/i, "the driver has deprecated it"],
  [/insufficient permissions/i, "insufficient permissions: root is needed"],
  [/function not found/i, "this driver does not have it"],
  [/gpu is lost/i, "the GPU is lost"],
  [/requires reset/i, "the GPU requires a reset"],
  [/unknown error/i, "the driver reports an unknown error"],
  [/^\[?not found\]?$/i, "not found"],
  [/^err!?$/i, "the sensor reports an error"],
  [/^(none|-|)$/i, "not given"],
];

/**
 * Why a text is no value, or null when it is one.
 *
 * @example
 * ```ts
 * missingReason("[N/A]"); // "not available on this GPU"
 * ```
 */
export function missingReason(text: string): string | null {
  const trimmed = text.trim();
  return SPELLINGS.find(([pattern]) => pattern.test(trimmed))?.[1] ?? null;
}
