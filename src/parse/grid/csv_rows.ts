import { dataError } from "../../model/errors.ts";

export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Rows of a CSV text (RFC 4180: quoted fields, doubled quotes, line breaks inside quotes). Empty lines
 * are skipped; a byte-order mark is dropped.
 *
 * @throws data error for a quote that never closes.
 */
export function csvRows(text: string, label: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const startLine = line;
    const cells: string[] = [];
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        at++;
        for (;;) {
          const close = text.indexOf('"', at);
          if (close < 0) throw dataError(`${label}:${startLine}: a quoted field never ends`);
          cell += text.slice(at, close);
          at = close + 1;
          if (text[at] !== '"') break;
          cell += '"';
          at++;
        }
        for (const char of cell) if (char === "\n") line++;
      }
      const from = at;
      while (at < text.length && text[at] !== "," && text[at] !== "\n") at++;
      cell += text.slice(from, at).replace(/\r$/, "");
      cells.push(cell.trim());
      if (text[at] !== ",") break;
      at++;
    }
    at++;
    if (cells.length > 1 || cells[0] !== "") rows.push({ line: startLine, cells });
    line++;
  }
  return rows;
}
