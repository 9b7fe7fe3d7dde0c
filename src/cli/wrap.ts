import { safeText } from "./sanitize.ts";

/**
 * Breaks text into lines of at most `width` characters at blanks; a longer word stands alone. Control
 * characters become visible: what is wrapped often quotes a trace. Further lines of a point ("- ...") stand
 * under its text.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n").map(safeText)) {
    const indent = paragraph.startsWith("- ") ? "  " : "";
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = indent + word;
      } else {
        line = line === "" ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

/**
 * Wraps a text that begins with a name, then styles the name: wrapping what is styled would make the control
 * characters visible.
 */
export function wrapNamed(
  text: string,
  name: string,
  width: number,
  style: (text: string) => string,
): string[] {
  const [first, ...rest] = wrapText(text, width);
  return [first.startsWith(name) ? style(name) + first.slice(name.length) : first, ...rest];
}

/** What a shell keeps together: words, with their quoted parts whole. */
const SHELL_WORD = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'])+/g;

/**
 * Breaks a command for a POSIX shell into lines of at most `width` characters that can be copied as they
 * stand: between words, each line but the last ending in a backslash, an option on the line of its value.
 * A longer word stands alone; a quoted SELECT is broken at its blanks, which a newline equals in SQL.
 */
export function wrapCommand(command: string, width: number): string[] {
  if (command.length <= width || command.includes("\n")) return command.split("\n");
  const units: string[] = [];
  for (const word of command.match(SHELL_WORD) ?? []) {
    const before = units.at(-1) ?? "";
    const takesValue = /^-[\w-]+$/.test(before) && !word.startsWith("-");
    if (takesValue) units[units.length - 1] = `${before} ${word}`;
    else units.push(word);
  }
  const lines: string[] = [];
  let line = "";
  for (const unit of units) {
    if (line !== "" && line.length + 1 + unit.length + 2 > width) {
      lines.push(`${line} \\`);
      line = `  ${unit}`;
    } else {
      line = line === "" ? unit : `${line} ${unit}`;
    }
    if (line.length > width && unit.startsWith('"SELECT ')) {
      const parts = wrapText(unit, width - 2).map((part) => `  ${part}`);
      line = parts.pop()!;
      lines.push(...parts);
    }
  }
  return [...lines, line];
}
