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
