/** Most names that one list may give: a cluster has fewer, a typing error has more. */
const MOST_HOSTS = 1_000_000;

/**
 * Expands a Slurm host list: `gpu[001-003,9],login1` gives `gpu001`, `gpu002`, `gpu003`, `gpu9`, `login1`.
 * Leading zeros are kept; a bracket may be followed by a suffix or by a further bracket.
 *
 * @throws {RangeError} for brackets that do not close, or a range that runs backwards.
 */
export function expandHostlist(list: string): string[] {
  return splitOutside(list).flatMap((part) => expandOne(part.trim()));
}

/** Splits at the commas that stand outside brackets. */
function splitOutside(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i] === "[") depth++;
    else if (list[i] === "]") depth--;
    else if (list[i] === "," && depth === 0) {
      parts.push(list.slice(from, i));
      from = i + 1;
    }
    if (depth < 0 || depth > 1) throw new RangeError(`host list "${list.slice(0, 40)}" is nested`);
  }
  if (depth !== 0) throw new RangeError(`host list "${list.slice(0, 40)}" has an open bracket`);
  parts.push(list.slice(from));
  return parts.filter((part) => part.trim() !== "");
}

function expandOne(part: string): string[] {
  const open = part.indexOf("[");
  if (open < 0) return [part];
  const close = part.indexOf("]", open);
  const rest = expandOne(part.slice(close + 1));
  const names: string[] = [];
  for (const range of part.slice(open + 1, close).split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range.trim());
    if (match === null) throw new RangeError(`"${range}" is no number or range of numbers`);
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first || (last - first + names.length) * rest.length > MOST_HOSTS) {
      throw new RangeError(`the range ${range} runs backwards or is too long`);
    }
    for (let n = first; n <= last; n++) {
      const digits = String(n).padStart(match[1].length, "0");
      for (const tail of rest) names.push(part.slice(0, open) + digits + tail);
    }
  }
  return names;
}
