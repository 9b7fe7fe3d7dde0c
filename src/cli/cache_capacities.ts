import { usageError } from "../model/errors.ts";

/**
 * Parses `--capacity 1000,5859,infinite` into blocks (Infinity for `infinite`), in the order given.
 *
 * @throws usage error for anything else, and for a capacity given twice.
 */
export function parseCapacities(words: readonly string[]): number[] {
  const capacities = words.map((word) => {
    const text = word.trim().toLowerCase();
    if (text === "infinite") return Infinity;
    const blocks = Number(text);
    if (
      !/^[0-9]+$/.test(text) || !Number.isSafeInteger(blocks) || blocks < 1 || blocks > 2 ** 31 - 2
    ) {
      throw usageError(
        `--capacity: "${word}" is no number of blocks`,
        "write whole numbers of blocks from 1, or infinite: --capacity 1000,5859,infinite",
      );
    }
    return blocks;
  });
  const twice = capacities.find((c, i) => capacities.indexOf(c) !== i);
  if (twice !== undefined) throw usageError(`--capacity: ${twice} is given twice`);
  return capacities;
}
