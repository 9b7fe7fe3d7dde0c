import { safeText } from "./sanitize.ts";
import { wrapText } from "./wrap.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut with an ellipsis when the table is wider than the terminal. */
  readonly flexible?: boolean;
  /** Where it is too narrow its text goes on below instead of being cut. */
  readonly wrap?: boolean;
}

/** Width in terminal cells: combining marks count 0, wide East Asian characters 2. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (/\p{Mark}/u.test(char)) continue;
    width += code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff))
      ? 2
      : 1;
  }
  return width;
}

function cut(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  let out = "";
  let used = 0;
  for (const char of text) {
    const w = cellWidth(char);
    if (used + w > width - 1) break;
    out += char;
    used += w;
  }
  return `${out}…`;
}

/**
 * A plain table that fits the terminal: flexible columns are cut first; when that is not enough the rows
 * are printed as blocks of `title  value` lines.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  decorate: (header: string) => string = (header) => header,
): string {
  const cells = rows.map((row) => row.map(safeText));
  const natural = columns.map((c, i) =>
    Math.max(cellWidth(c.title), ...cells.map((row) => cellWidth(row[i] ?? "")))
  );
  const widths = [...natural];
  const total = () => widths.reduce((a, b) => a + b, 0) + 2 * (columns.length - 1);
  while (total() > width) {
    let widest = -1;
    columns.forEach((c, i) => {
      const floor = Math.max(cellWidth(c.title), 12);
      if (c.flexible && widths[i] > floor && (widest < 0 || widths[i] > widths[widest])) widest = i;
    });
    if (widest < 0) return renderBlocks(columns, cells, width);
    widths[widest]--;
  }
  const line = (row: readonly string[]) =>
    columns.map((c, i) => {
      const text = cut(row[i] ?? "", widths[i]);
      const pad = " ".repeat(Math.max(0, widths[i] - cellWidth(text)));
      return c.align === "right" ? pad + text : text + pad;
    }).join("  ").trimEnd();
  const lines = (row: readonly string[]) => {
    const parts = columns.map((c, i) => c.wrap ? wrapped(row[i] ?? "", widths[i]) : [row[i] ?? ""]);
    const height = Math.max(...parts.map((p) => p.length));
    return Array.from({ length: height }, (_, k) => line(parts.map((p) => p[k] ?? "")));
  };
  return [decorate(line(columns.map((c) => c.title))), ...cells.flatMap(lines)].join("\n") + "\n";
}

/**
 * Lines of at most `width` cells: broken at blanks, and within words that are longer than a line; there
 * after the last of the marks that ids and paths are made of, if the second half of the line has one.
 */
function wrapped(text: string, width: number): string[] {
  return wrapText(text, width).flatMap((line) => {
    const parts: string[] = [];
    let part = "";
    for (const char of line) {
      if (cellWidth(part + char) > width) {
        const mark = /^.*[_/.,:=-]/u.exec(part)?.[0] ?? "";
        const head = cellWidth(mark) >= width / 2 ? mark : part;
        parts.push(head);
        part = part.slice(head.length);
      }
      part += char;
    }
    return [...parts, part];
  });
}

function renderBlocks(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const label = Math.max(...columns.map((c) => cellWidth(c.title)));
  const room = Math.max(10, width - label - 2);
  const entry = (c: Column, text: string) =>
    (c.wrap ? wrapped(text, room) : [cut(text, room)]).map((line, i) =>
      `${(i === 0 ? c.title : "").padEnd(label)}  ${line}`.trimEnd()
    );
  return rows.map((row) => columns.flatMap((c, i) => entry(c, row[i] ?? "")).join("\n"))
    .join("\n\n") + "\n";
}
