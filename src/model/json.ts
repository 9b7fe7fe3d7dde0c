/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * JSON text with two-space indentation and the keys in the order given: the same inputs give the same
 * bytes. Numbers that JSON lacks (NaN, Infinity) are an error, not a silent null.
 *
 * @throws {TypeError} when a number is not finite or a bigint is met.
 */
export function stableStringify(value: unknown, indent = 2): string {
  return JSON.stringify(
    value,
    (key, item) => {
      if (typeof item === "number" && !Number.isFinite(item)) {
        throw new TypeError(`JSON cannot hold ${item} (at key "${key}")`);
      }
      return item;
    },
    indent,
  );
}
