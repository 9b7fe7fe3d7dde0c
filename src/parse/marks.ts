/** A mark as a workload wrote it. `unixNs` is null for a bare line (`echo warm-up >> $SPILLWAY_MARKS`). */
export interface WrittenMark {
  readonly name: string;
  readonly unixNs: bigint | null;
}

/** Longest name kept; the rest of a longer line is cut. */
const NAME_LIMIT = 200;

/** Lines of a marks file: `<nanoseconds since 1970><tab><name>`, or the name alone. */
export function parseMarks(text: string): WrittenMark[] {
  const marks: WrittenMark[] = [];
  for (const line of text.split("\n")) {
    const match = /^(\d{15,20})\t(.*)$/.exec(line);
    // deno-lint-ignore no-control-regex
    const name = (match === null ? line : match[2]).replace(/[\x00-\x1f\x7f]/g, " ").trim();
    if (name === "") continue;
    marks.push({
      name: name.slice(0, NAME_LIMIT),
      unixNs: match === null ? null : BigInt(match[1]),
    });
  }
  return marks;
}
