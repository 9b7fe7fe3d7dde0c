import { PlaceError } from "./place_error.ts";
import { firstInvalid } from "./utf8.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The cells of one line and the column (1-based, in characters) where each starts. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly columns: readonly number[];
}

/**
 * Splits one line of CSV (RFC 4180, quoted cells without line ends).
 *
 * @throws {PlaceError} when the line is not valid UTF-8 or a quoted cell has no end.
 */
export function csvLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  line: number,
  separator = ",",
): CsvRow {
  const text = decodeLine(bytes, start, end, line);
  if (!text.includes('"')) {
    const cells = text.split(separator);
    const columns: number[] = [];
    let column = 1;
    for (const cell of cells) {
      columns.push(column);
      column += cell.length + 1;
    }
    return { cells: cells.map((cell) => cell.trim()), columns };
  }
  const cells: string[] = [];
  const columns: number[] = [];
  let at = 0;
  for (;;) {
    columns.push(at + 1);
    if (text[at] === '"') {
      let cell = "";
      const open = at++;
      for (;;) {
        if (at >= text.length) {
          throw new PlaceError(line, open + 1, "the quoted cell that starts here has no end");
        }
        if (text[at] === '"' && text[at + 1] === '"') {
          cell += '"';
          at += 2;
        } else if (text[at] === '"') break;
        else cell += text[at++];
      }
      at++;
      if (at < text.length && text[at] !== separator) {
        throw new PlaceError(line, at + 1, `expected "${separator}" after a quoted cell`);
      }
      cells.push(cell);
    } else {
      const next = text.indexOf(separator, at);
      cells.push(text.slice(at, next < 0 ? text.length : next).trim());
      at = next < 0 ? text.length : next;
    }
    if (at >= text.length) return { cells, columns };
    at++;
  }
}

function decodeLine(bytes: Uint8Array, start: number, end: number, line: number): string {
  try {
    return UTF8.decode(bytes.subarray(start, end));
  } catch {
    const bad = firstInvalid(bytes, start, end);
    const before = new TextDecoder().decode(bytes.subarray(start, bad));
    throw new PlaceError(
      line,
      [...before].length + 1,
      `byte 0x${bytes[bad].toString(16)} is not valid UTF-8`,
      "convert the file to UTF-8 (iconv -t utf-8)",
    );
  }
}
